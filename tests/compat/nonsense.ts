import type { ServerHttp2Stream } from "node:http2";
import { wrap } from "../../edge/codec/envelope.ts";
import { parseConfig as parseEdgeConfig } from "../../edge/config.ts";
import { run as runEdge } from "../../edge/run.ts";
import { startService } from "../lib/test-mesh.ts";
import { commonEnv } from "./mesh.ts";

type Serve = (stream: ServerHttp2Stream) => void;

/** Responds to a call with a message and a status of gRPC. */
export const grpc =
  (content: Buffer | Uint8Array, status = "0", headers: Record<string, string> = {}): Serve =>
  (stream) => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", ...headers },
      { waitForTrailers: true },
    );
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
    stream.end(content);
  };

/** Responses of a service that make no sense, by name. */
export const nonsense: readonly (readonly [name: string, serve: Serve])[] = [
  ["a message that is none", grpc(wrap(0, Buffer.from([0xff, 0xff, 0xff, 0xff])))],
  ["a frame of a length that it does not have", grpc(Buffer.from([0, 0, 0, 0, 99, 1]))],
  ["no message at all", grpc(Buffer.alloc(0))],
  ["a status that there is none of", grpc(Buffer.alloc(0), "99")],
  ["an error of its own", grpc(Buffer.alloc(0), "13")],
  ["a method that it does not have", grpc(Buffer.alloc(0), "12")],
  [
    "a page",
    (stream) => {
      stream.respond({ ":status": 200, "content-type": "text/html" });
      stream.end("<h1>hello</h1>");
    },
  ],
];

/** An edge before a process compat at an address, as its port. */
export async function startEdge(stack: AsyncDisposableStack, compat: string): Promise<{ port: number }> {
  const env = { ...commonEnv("edge"), COMPAT_ADDRESS: compat, EDGE_PORT: "0" };
  const edge = stack.use(await startService(runEdge, parseEdgeConfig(env)));
  return { port: Number(new URL(edge.address).port) };
}
