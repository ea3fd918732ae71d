import { once } from "node:events";
import { request as http1Request, type IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders as Http2Headers } from "node:http2";
import { connect as connectSocket } from "node:net";
import { buffer, text } from "node:stream/consumers";

export type RawResponse = {
  status: number;
  headers: IncomingHttpHeaders | Http2Headers;
  body: string;
  bytes: Buffer;
  trailers: IncomingHttpHeaders | Http2Headers;
};
type Sent = { method?: string; headers?: Record<string, string>; body?: string | Buffer };

/** Sends one request over HTTP/1.1 without normalizing its path. */
export async function http1(port: number, path: string, sent: Sent = {}): Promise<RawResponse> {
  const request = http1Request({ host: "127.0.0.1", port, path, agent: false, ...sent });
  request.end(sent.body);
  const [response] = await once(request, "response");
  const { statusCode: status, headers } = response;
  const bytes = await buffer(response);
  return { status, headers, body: bytes.toString(), bytes, trailers: response.trailers };
}

/** Sends one request over HTTP/2 with prior knowledge, without normalizing its path. */
export async function http2(port: number, path: string, sent: Sent = {}): Promise<RawResponse> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await http2On(session, path, sent);
  } finally {
    session.close();
  }
}

export async function http2On(
  session: ClientHttp2Session,
  path: string,
  sent: Sent = {},
): Promise<RawResponse> {
  const stream = session.request({ ":path": path, ":method": sent.method ?? "GET", ...sent.headers });
  let trailers: Http2Headers = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.end(sent.body);
  const [headers] = await once(stream, "response");
  const bytes = await buffer(stream);
  return { status: headers[":status"], headers, body: bytes.toString(), bytes, trailers };
}

/** Sends raw bytes and returns everything received until the peer closes. */
export async function rawBytes(port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  const socket = connectSocket(port, "127.0.0.1");
  await once(socket, "connect");
  // The peer may close before it has received everything.
  socket.on("error", () => undefined);
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return text(socket);
}
