import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wrap } from "../../../edge/codec/envelope.ts";
import {
  BoundedService,
  TakeManyRequestSchema,
  TakeManyResponseSchema,
} from "../../../gen/sluice/test/v1/bounded_pb.ts";
import { guard } from "../../../services/lib/rpc/guard.ts";
import { http1, type RawResponse } from "../lib/raw-http.ts";
import { bearer, startTestEdge, type TestEdge } from "../lib/test-edge.ts";

// Limits of calls that a contract sets, and limits that apply to all.

const bounded = guard(BoundedService, {
  takeOne: (_, context) => ({ timeoutMs: context.timeoutMs() ?? 0 }),
  async takeMany(requests, context) {
    let messages = 0;
    for await (const _ of requests) messages += 1;
    return { messages, timeoutMs: context.timeoutMs() ?? 0 };
  },
});

const pauseMs = 1_000;
const streamIdleMs = 2_000;
let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({ guarded: [bounded], limits: { pauseMs, streamIdleMs } });
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };
const lines = { "content-type": "application/x-ndjson" };
const one = "/test/v1/bounded";
const many = "/test/v1/bounded:many";
const service = "/sluice.test.v1.BoundedService";
const post = (path: string, body: string, headers: Record<string, string> = json): Promise<RawResponse> =>
  http1(edge.port, path, { method: "POST", headers, body });
const line = (bytes: number) => `${JSON.stringify({ text: "x".repeat(bytes) })}\n`;
const messageOf = ({ status, body }: RawResponse) => {
  const { error, message } = JSON.parse(body);
  return [status, error?.message ?? message];
};

test("ResourceExhausted: a message over its method's limit", async () => {
  const text = JSON.stringify({ text: "x".repeat(2000) });
  expect(messageOf(await post(one, text))).toEqual([413, "the body is larger than 1000 bytes"]);
  expect(messageOf(await post(`${service}/TakeOne`, text))).toEqual([
    429,
    "the message is larger than 1000 bytes",
  ]);
  expect(messageOf(await post(many, line(1200), lines))).toEqual([
    413,
    "a line of the body is larger than 1000 bytes",
  ]);
});

test("ResourceExhausted: a stream of too many messages, or of too many bytes", async () => {
  expect((await post(many, line(1).repeat(10), lines)).status).toBe(200);
  expect(messageOf(await post(many, line(1).repeat(11), lines))).toEqual([
    413,
    "the stream has more than 10 messages",
  ]);
  expect(messageOf(await post(many, line(500).repeat(5), lines))).toEqual([
    413,
    "the stream is larger than 2000 bytes",
  ]);
  const message = (bytes: number) =>
    wrap(0, toBinary(TakeManyRequestSchema, create(TakeManyRequestSchema, { text: "x".repeat(bytes) })));
  const sum = (count: number, bytes: number) =>
    grpc("TakeMany", Buffer.concat(Array(count).fill(message(bytes))));
  const { status, body } = await sum(10, 1);
  expect([status, fromBinary(TakeManyResponseSchema, body.subarray(5)).messages]).toEqual([0, 10]);
  expect((await sum(11, 1)).message).toBe("the stream has more than 10 messages");
  expect((await sum(5, 500)).message).toBe("the stream is larger than 2000 bytes");
});

/** Makes one gRPC call. Returns its body and status. */
async function grpc(method: string, sent: Buffer, headers: Record<string, string> = {}) {
  const session = connectHttp2(edge.url);
  const stream = session.request({
    ":method": "POST",
    ":path": `${service}/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  let trailers: Record<string, unknown> = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.end(sent);
  const body = await buffer(stream);
  session.destroy();
  return { body, status: Number(trailers["grpc-status"]), message: trailers["grpc-message"] };
}

test("OK: a method's own deadlines, for a stream also", async () => {
  const timeout = async (headers = {}) =>
    JSON.parse((await post(one, "{}", { ...json, ...headers })).body).timeoutMs;
  const within = (lowMs: number, highMs: number) => (ms: number) => ms > lowMs && ms <= highMs;
  expect(await timeout()).toSatisfy(within(5_000, 10_000));
  expect(await timeout({ "grpc-timeout": "15S" })).toSatisfy(within(10_000, 15_000));
  expect(await timeout({ "connect-timeout-ms": "9999999999" })).toSatisfy(within(15_000, 20_000));
  const streamed = async (headers = {}) => {
    const { body } = await grpc("TakeMany", Buffer.alloc(0), headers);
    return fromBinary(TakeManyResponseSchema, body.subarray(5)).timeoutMs;
  };
  expect(await streamed()).toSatisfy(within(15_000, 20_000));
  expect(await streamed({ "grpc-timeout": "1H" })).toSatisfy(within(15_000, 20_000));
});

test("OK: a deadline later than any timer's is none that has passed", async () => {
  const path = "/test/v1/count?upTo=2";
  const answer = await http1(edge.port, path, { headers: { "grpc-timeout": "99999999H" } });
  expect([answer.status, JSON.parse(answer.body).length]).toEqual([200, 2]);
});

/** Starts a client stream over gRPC and does not end it. Returns the status that the edge ends it with. */
async function leaveOpen(...chunks: Buffer[]): Promise<[unknown, unknown]> {
  const session = connectHttp2(edge.url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/sluice.test.v1.EchoService/Chat",
    "content-type": "application/grpc",
    te: "trailers",
  });
  for (const chunk of chunks) stream.write(chunk);
  stream.resume();
  const [trailers] = await once(stream, "trailers");
  session.destroy();
  return [Number(trailers["grpc-status"]), trailers["grpc-message"]];
}

test("DeadlineExceeded: a sender who stops within a message of a stream, or says nothing any more", async () => {
  const whole = wrap(0, Buffer.alloc(0));
  expect(await leaveOpen(whole, Buffer.from([0, 0]))).toEqual([4, "no byte of the body came for 1 s"]);
  expect(await leaveOpen(whole)).toEqual([4, "no message came or went for 2 s"]);
});

test("408: a sender who brings a byte now and then", async () => {
  const session = connectHttp2(edge.url);
  const upload = session.request({ ":method": "POST", ":path": "/test/v1/uploads?name=x", ...bearer });
  const timer = setInterval(() => upload.write("x"), pauseMs / 10);
  const [head] = await once(upload, "response");
  clearInterval(timer);
  const { error } = JSON.parse((await buffer(upload)).toString());
  session.destroy();
  expect([head[":status"], error.message]).toEqual([408, "fewer than 16384 bytes of the body came in 1 s"]);
});

test("InvalidArgument: more query parameters, or form fields, than are read", async () => {
  const query = Array.from({ length: 501 }, () => "tags=a").join("&");
  expect(messageOf(await http1(edge.port, `/test/v1/look/n?${query}`))).toEqual([
    400,
    "query: has more than 500 parameters",
  ]);
  const field = '--b\r\nContent-Disposition: form-data; name="sha256"\r\n\r\nx\r\n';
  const form = { ...bearer, "content-type": "multipart/form-data; boundary=b" };
  const answer = await post("/test/v1/uploads", `${field.repeat(200)}--b--\r\n`, form);
  expect(answer.status).toBe(400);
});
