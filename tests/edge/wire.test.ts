import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { brotliCompressSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wrap } from "../../edge/codec/envelope.ts";
import { LookRequestSchema, LookResponseSchema } from "../../gen/sluice/test/v1/echo_pb.ts";
import { startTestEdge, type TestEdge } from "./lib/test-edge.ts";

// Messages that client libraries do not send. The conformance suite of Connect, which needs Go, has many more.

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const message = (name: string) =>
  Buffer.from(toBinary(LookRequestSchema, create(LookRequestSchema, { name })));

async function connectUnary(body: Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(`${edge.url}/sluice.test.v1.EchoService/Look`, {
    method: "POST",
    headers: { "content-type": "application/proto", ...headers },
    body: new Uint8Array(body),
  });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** Makes one gRPC call. Returns its body and trailers. */
async function grpc(body: Buffer, headers: Record<string, string> = {}, method = "Look") {
  const session = connect(edge.url);
  const path = `/sluice.test.v1.EchoService/${method}`;
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  let trailers: Record<string, unknown> = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.end(body);
  const bytes = await buffer(stream);
  session.close();
  return { bytes, code: Number(trailers["grpc-status"]) };
}

describe.each([
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
] as const)("%s", (name, compress) => {
  test("OK: a compressed message, with and without an envelope", async () => {
    const { bytes } = await connectUnary(compress(message("n")), { "content-encoding": name });
    expect(fromBinary(LookResponseSchema, bytes).request?.name).toBe("n");
    const enveloped = await grpc(wrap(1, compress(message("n"))), { "grpc-encoding": name });
    expect(enveloped.code).toBe(0);
    expect(fromBinary(LookResponseSchema, enveloped.bytes.subarray(5)).request?.name).toBe("n");
  });

  test("ResourceExhausted: a small message that becomes a large one", async () => {
    const bomb = compress(Buffer.alloc(8 * 1024 * 1024));
    expect((await connectUnary(bomb, { "content-encoding": name })).response.status).toBe(429);
    expect((await grpc(wrap(1, bomb), { "grpc-encoding": name })).code).toBe(8);
  });

  test("InvalidArgument: what is not compressed as it says", async () => {
    const { response } = await connectUnary(Buffer.from("no"), { "content-encoding": name });
    expect(response.status).toBe(400);
  });
});

test("OK: a long answer is compressed for those who accept it, a short one is not", async () => {
  const long = await grpc(wrap(0, message("x".repeat(2000))), { "grpc-accept-encoding": "identity,gzip" });
  expect(long.bytes[0]).toBe(1);
  const answer = fromBinary(LookResponseSchema, gunzipSync(long.bytes.subarray(5)));
  expect(answer.request?.name).toHaveLength(2000);
  const short = await grpc(wrap(0, message("x")), { "grpc-accept-encoding": "gzip" });
  expect(short.bytes[0]).toBe(0);
  const { response } = await connectUnary(message("x".repeat(2000)), {
    "accept-encoding": "br;q=0.1, zstd;q=0.5, gzip;q=0",
  });
  expect(response.headers.get("content-encoding")).toBe("zstd");
});

test.each([
  ["Unimplemented: no message", Buffer.alloc(0), 12],
  ["Unimplemented: two messages", Buffer.concat([wrap(0, message("a")), wrap(0, message("b"))]), 12],
  ["InvalidArgument: a part of an envelope", Buffer.from([0, 0, 0]), 3],
  ["InvalidArgument: a part of a message", wrap(0, message("abc")).subarray(0, 7), 3],
  ["InvalidArgument: flags that there are not", wrap(8, message("a")), 3],
  ["Internal: a compressed message without a compression", wrap(1, message("a")), 13],
  ["ResourceExhausted: a length over the limit, before its bytes", Buffer.from([0, 0xff, 0, 0, 0]), 8],
])("%s", async (_, body, code) => {
  expect((await grpc(body)).code).toBe(code);
});

test.each([
  ["501: a compression that there is not", { "content-encoding": "snappy" }, 501],
  ["415: a media type of no protocol", { "content-type": "image/jpeg" }, 415],
  ["415: a stream's media type for a unary method", { "content-type": "application/connect+proto" }, 415],
  ["505: gRPC over HTTP/1.1", { "content-type": "application/grpc" }, 505],
  ["400: a version of Connect that there is not", { "connect-protocol-version": "2" }, 400],
])("%s", async (_, headers, status) => {
  expect((await connectUnary(message("n"), headers)).response.status).toBe(status);
});
