import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { wrap } from "../../../edge/rpc/envelope.ts";
import { EchoRequestSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";

const inFlight = 32;
const roundMs = 1_500;

const request = create(EchoRequestSchema, { text: "x".repeat(200) });
const json = toJsonString(EchoRequestSchema, request);

/** Calls what listens on a port for a while; answers how many calls ended well. */
export type Load = (port: number) => Promise<number>;

type Caller = { call(): Promise<void>; close(): void };

/** Keeps callers busy until the time is over. */
async function keepBusy(caller: () => Caller): Promise<number> {
  const until = Date.now() + roundMs;
  let calls = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      const { call, close } = caller();
      for (; Date.now() < until; calls += 1) await call();
      close();
    }),
  );
  return calls;
}

/** JSON over HTTP/1.1, a connection for each caller. */
export const postJson =
  (path: string): Load =>
  (port) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Type: application/json`;
    const bytes = `${head}\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
    return keepBusy(() => {
      const socket = connect(port, "127.0.0.1");
      return {
        async call() {
          socket.write(bytes);
          let text = "";
          while (!isWhole(text)) text += (await once(socket, "data"))[0].toString("latin1");
          if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
        },
        close: () => socket.destroy(),
      };
    });
  };

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  return end >= 0 && text.length >= end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1]);
}

/** gRPC, all callers on one connection. */
export const callGrpc: Load = async (port) => {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const message = wrap(0, toBinary(EchoRequestSchema, request));
  const headers = {
    ":path": "/sluice.test.v1.EchoService/Echo",
    ":method": "POST",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: "Bearer t",
  };
  const calls = await keepBusy(() => ({
    async call() {
      const stream = session.request(headers);
      stream.end(message);
      stream.resume();
      const [trailers] = await once(stream, "trailers");
      if (trailers["grpc-status"] !== "0") throw new Error(JSON.stringify(trailers));
    },
    close: () => undefined,
  }));
  session.close();
  return calls;
};
