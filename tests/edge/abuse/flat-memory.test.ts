import { once } from "node:events";
import { request as http1Request, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import type { Readable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import { CountRequestSchema } from "../../../gen/sluice/test/v1/echo_pb.ts";
import { type EdgeProcess, startEdgeProcess } from "./lib/edge-process.ts";

// An endless stream from a fast backend to a client that reads 1 MiB and pauses, repeatedly. Only a few flow-control windows
// of data may be buffered in between.

let edge: EdgeProcess;
beforeAll(async () => {
  edge = await startEdgeProcess();
});
afterAll(() => edge[Symbol.asyncDispose]());

const mebibyte = 2 ** 20;
const padding = 100_000;
const rounds = 8;
/** Windows of both connections, buffers of the edge, and socket buffers of the kernel. */
const aheadBytesMax = 32 * mebibyte;
/** A new process grows by forty mebibytes while it warms up. Without backpressure, a backend sends gigabytes. */
const growthBytesMax = 160 * mebibyte;

function encoded(key: string): Buffer {
  return wrap(0, toBinary(CountRequestSchema, create(CountRequestSchema, { key, padding })));
}
const path = "/sluice.test.v1.EchoService/Count";

async function overHttp1(target: string, headers: Record<string, string>, sent?: Buffer): Promise<Readable> {
  const method = sent ? "POST" : "GET";
  const request = http1Request({
    host: "127.0.0.1",
    port: edge.port,
    path: target,
    method,
    headers,
    agent: false,
  });
  request.on("error", () => undefined);
  request.end(sent);
  const [body] = (await once(request, "response")) as [IncomingMessage];
  return body.on("error", () => undefined);
}

async function overHttp2(target: string, headers: Record<string, string>, sent: Buffer): Promise<Readable> {
  const session = connectHttp2(edge.url);
  session.on("error", () => undefined);
  const stream = session.request({ ":method": "POST", ":path": target, ...headers });
  stream.on("error", () => undefined);
  stream.once("close", () => session.destroy());
  stream.end(sent);
  await once(stream, "response");
  return stream;
}

async function take(body: Readable, bytes: number): Promise<void> {
  for (let taken = 0; taken < bytes; ) {
    const chunk = body.read() as Buffer | null;
    if (chunk) taken += chunk.byteLength;
    else await once(body, "readable");
  }
}

test.each<[name: string, open: (key: string) => Promise<Readable>]>([
  ["REST", (key) => overHttp1(`/test/v1/count?key=${key}&padding=${padding}`, {})],
  ["Connect", (key) => overHttp1(path, { "content-type": "application/connect+proto" }, encoded(key))],
  ["gRPC-Web", (key) => overHttp1(path, { "content-type": "application/grpc-web+proto" }, encoded(key))],
  ["gRPC", (key) => overHttp2(path, { "content-type": "application/grpc" }, encoded(key))],
])("OK: %s holds its backend back", async (name, open) => {
  const before = await edge.memoryBytes();
  const body = await open(name);
  const sentBytes = () => edge.happenings.sent(name) * padding;
  for (let round = 1; round <= rounds; round += 1) {
    await take(body, mebibyte);
    let seen = -1;
    // The client pauses until the backend is blocked, too.
    await expect
      .poll(
        () => {
          const hasStopped = seen === sentBytes();
          seen = sentBytes();
          return hasStopped;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(seen - round * mebibyte).toBeLessThan(aheadBytesMax);
    expect((await edge.memoryBytes()) - before).toBeLessThan(growthBytesMax);
  }
  body.destroy();
  await edge.happenings.cancelled(name);
});
