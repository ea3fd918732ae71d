import { once } from "node:events";
import { request as http1Request, type IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { json, text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { http1, http2On, rawBytes } from "./lib/raw-http.ts";
import { bearer, startTestEdge, type TestEdge } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge({ limits: { headersMs: 1_000, pauseMs: 1_000, idleMs: 500 } });
});
afterAll(() => edge[Symbol.asyncDispose]());

const stalled = {
  error: {
    code: 408,
    status: "DEADLINE_EXCEEDED",
    message: "no byte of the body came for 1 s",
    details: [],
  },
};

/** Starts a body over HTTP/1.1 and stalls. Returns the response. */
async function stopWithin(path: string, headers: Record<string, string>, begin: string | Buffer) {
  const request = http1Request(`${edge.url}${path}`, { method: "POST", agent: false, headers });
  // The edge closes the connection of a stalled body.
  request.on("error", () => undefined);
  request.write(begin);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await json(response) };
}

const formType = { "content-type": "multipart/form-data; boundary=limit" };
const formBegin = '--limit\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx,y\n';

test.concurrent.each<[string, string, Record<string, string>, string | Buffer]>([
  ["JSON", "/test/v1/fail", { "content-type": "application/json" }, '{"code": 3, '],
  ["JSON lines", "/test/v1/sum", { "content-type": "application/x-ndjson" }, '{"number":1}\n'],
  ["a raw upload", "/test/v1/uploads?name=x", bearer, "x,y\n"],
  ["a large raw upload", "/test/v1/uploads?name=x", bearer, Buffer.alloc(2 ** 20)],
  ["a form", "/test/v1/uploads", { ...bearer, ...formType }, formBegin],
  ["a form that has not come to its file", "/test/v1/uploads", { ...bearer, ...formType }, "--limit\r\n"],
])("408: a sender that stops in the middle of %s", async (_, path, headers, begin) => {
  expect(await stopWithin(path, headers, begin)).toEqual({ status: 408, body: stalled });
});

test("408: a sender that stops in the middle of an upload over HTTP/2 cancels it, and others are served", async () => {
  await using own = await startTestEdge({ limits: { pauseMs: 1_000 } });
  const session = connectHttp2(own.url);
  const stopping = session.request({ ":method": "POST", ":path": "/test/v1/uploads?name=x", ...bearer });
  const answered = once(stopping, "response");
  stopping.write(Buffer.alloc(2 ** 20));
  await own.happenings.begun("upload");
  expect((await http2On(session, "/health")).status).toBe(200);
  const [head] = await answered;
  expect([head[":status"], await json(stopping)]).toEqual([408, stalled]);
  await own.happenings.cancelled("upload");
  expect((await http2On(session, "/health")).status).toBe(200);
  session.destroy();
});

test("DeadlineExceeded: a sender that stops in the middle of an RPC's message", async () => {
  const path = "/sluice.test.v1.EchoService/Fail";
  const answer = await stopWithin(path, { "content-type": "application/json", "content-length": "20" }, "{");
  expect(answer).toEqual({
    status: 504,
    body: { code: "deadline_exceeded", message: "no byte of the body came for 1 s" },
  });
});

test("408: a sender that stops in the middle of its headers", async () => {
  const answer = await rawBytes(edge.port, "GET /health HTTP/1.1\r\nHost: x\r\nX-Half");
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/);
  expect((await http1(edge.port, "/health")).status).toBe(200);
});

test("OK: a connection on which nothing begins is ended", async () => {
  expect(await rawBytes(edge.port)).toBe("");
  expect(await rawBytes(edge.port, "PR")).toBe("");
});

const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  // Empty SETTINGS.
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
// HEADERS of stream 1 with `:method: GET`, without the end of the block.
const headersBegin = Buffer.from([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]);

test.each([
  ["that has no request", preface],
  ["that stops in the middle of its headers", Buffer.concat([preface, headersBegin])],
])("OK: an HTTP/2 connection %s is ended", async (_, bytes) => {
  const socket = connect(edge.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume().write(bytes);
  await once(socket, "close");
});

test("OK: an HTTP/2 connection on which an answer takes its time is not ended", async () => {
  const session = connectHttp2(edge.url);
  const waiting = session.request({ ":path": "/test/v1/wait/patience", ...bearer });
  await edge.happenings.begun("patience");
  const other = await Promise.race([
    once(session, "close").then(() => "ended"),
    stopWithin("/test/v1/fail", {}, "{").then(() => stopWithin("/test/v1/fail", {}, "{")),
  ]);
  expect(other).toMatchObject({ status: 408 });
  const health = session.request({ ":path": "/health" });
  expect(await text(health)).not.toBe("");
  waiting.close();
  session.destroy();
});
