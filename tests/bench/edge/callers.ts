import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { wrap } from "../../../edge/codec/envelope.ts";
import { EchoRequestSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";

const callersCount = 32;

/** Makes one call at a time. Rejects if the call fails. */
type Caller = () => Promise<void>;

/** Connects callers to a port. */
export type Connect = (port: number) => Disposable & { readonly callers: readonly Caller[] };

const echoRequest = create(EchoRequestSchema, { text: "x".repeat(200) });
const echoJson = toJsonString(EchoRequestSchema, echoRequest);
export const echoMessage = toBinary(EchoRequestSchema, echoRequest);
export const echoMethod = "/sluice.test.v1.EchoService/Echo";

/** Echo as JSON over HTTP/1.1, a connection for each caller. */
export const postEcho = (path: string, caller = "Authorization: Bearer t"): Connect =>
  overHttp1(
    `POST ${path} HTTP/1.1\r\nHost: x\r\n${caller}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${echoJson.length}\r\n\r\n${echoJson}`,
  );

/** GET over HTTP/1.1, a connection for each caller. */
export const get = (path: string): Connect =>
  overHttp1(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n`);

function overHttp1(request: string): Connect {
  return (port) => {
    const connections = Array.from({ length: callersCount }, () => connectHttp1(port, request));
    return {
      callers: connections.map(({ call }) => call),
      [Symbol.dispose]() {
        for (const { close } of connections) close();
      },
    };
  };
}

/** Parses only the status and the end of a response, because the load's CPU time is lost to the measured gateway. */
function connectHttp1(port: number, request: string): { call: Caller; close(): void } {
  const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true }).setEncoding("latin1");
  let call = Promise.withResolvers<void>();
  let text = "";
  socket.on("data", (piece: string) => {
    text += piece;
    if (!isWhole(text)) return;
    if (text.startsWith("HTTP/1.1 200")) call.resolve();
    else call.reject(new Error(text));
    text = "";
  });
  socket.on("error", (error) => call.reject(error));
  socket.on("close", () => call.reject(new Error("the connection was closed")));
  return {
    call() {
      call = Promise.withResolvers();
      socket.write(request);
      return call.promise;
    },
    close: () => socket.removeAllListeners("close").destroy(),
  };
}

function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  return end >= 0 && text.length >= end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1]);
}

/** gRPC. The callers share connections. */
export const callGrpc =
  (path: string, message: Uint8Array, connections = 1): Connect =>
  (port) => {
    const sessions = Array.from({ length: connections }, () => connectHttp2(`http://127.0.0.1:${port}`));
    const body = wrap(0, message);
    const headers = {
      ":path": path,
      ":method": "POST",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: "Bearer t",
    };
    const callOn = (session: (typeof sessions)[number] | undefined): Promise<void> =>
      new Promise((resolve, reject) => {
        const stream = session?.request(headers);
        stream?.on("error", reject);
        stream?.on("trailers", (trailers) => {
          if (trailers["grpc-status"] === "0") resolve();
          else reject(new Error(JSON.stringify(trailers)));
        });
        stream?.resume().end(body);
      });
    return {
      callers: Array.from({ length: callersCount }, (_, at) => () => callOn(sessions[at % connections])),
      [Symbol.dispose]() {
        for (const session of sessions) session.close();
      },
    };
  };
