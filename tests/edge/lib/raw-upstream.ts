import { once } from "node:events";
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";

/** Serves a call; the first call of the server is number 1. */
type Serve = (stream: ServerHttp2Stream, session: ServerHttp2Session, call: number) => void;

export type RawUpstream = AsyncDisposable & {
  readonly address: string;
  /** Connections that were ever opened. */
  sessions(): number;
};

/** An HTTP/2 server behind the edge that knows nothing of gRPC, not even deadlines, and serves no health checks. */
export async function startRawUpstream(serve: Serve): Promise<RawUpstream> {
  const server: Http2Server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  let opened = 0;
  let calls = 0;
  server.on("session", (session) => {
    opened += 1;
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.resume();
    stream.on("error", () => undefined);
    if (headers[":path"]?.includes("Health")) {
      stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true });
      return;
    }
    calls += 1;
    serve(stream, stream.session as ServerHttp2Session, calls);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions: () => opened,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
