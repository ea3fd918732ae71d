import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createInnerServer } from "../../edge/batch/inner-server.ts";
import { BatchService } from "../../gen/sluice/edge/v1/batch_pb.ts";
import { http1, http2 } from "./lib/raw-http.ts";
import { type ShelfEdge, startShelfEdge } from "./lib/shelf.ts";
import { bearer } from "./lib/test-edge.ts";

let edge: ShelfEdge;
beforeAll(async () => {
  edge = await startShelfEdge({ cors: { allowedOrigins: "*", allowCredentials: false, maxAgeSeconds: 1 } });
});
afterAll(() => edge[Symbol.asyncDispose]());

type Call = { id?: string; method: string; path: string; headers?: Record<string, string>; body?: unknown };
type Reply = { id: string; status: number; headers: Record<string, string>; body?: Record<string, unknown> };

async function run(requests: readonly Call[], headers: Record<string, string> = {}, send = http1) {
  const answer = await send(edge.port, "/api/v1/batch", {
    method: "POST",
    headers: { ...bearer, "content-type": "application/json", ...headers },
    body: JSON.stringify({ requests }),
  });
  const parsed = JSON.parse(answer.body);
  return { status: answer.status, replies: parsed.responses as Reply[], error: parsed.error };
}

const get = (path: string, more: Partial<Call> = {}): Call => ({ method: "GET", path, ...more });
const book = "/test/v1/shelf/books/moby";

test.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("OK: each call has its own status, in order, over %s", async (_, send) => {
  const { status, replies } = await run(
    [
      get(book, { id: "a" }),
      get("/test/v1/shelf/books/none", { id: "b" }),
      { id: "c", method: "POST", path: "/test/v1/echo", body: { text: "hello", inner: { number: 7 } } },
      get("/nowhere", { id: "d" }),
      get("/test/v1/look/x?nothing=1", { id: "e" }),
      { id: "f", method: "DELETE", path: book },
      { id: "g", method: "HEAD", path: book },
      get("/health", { id: "h" }),
    ],
    {},
    send,
  );
  expect(status).toBe(200);
  expect(replies.map(({ id, status: own }) => [id, own])).toEqual([
    ["a", 200],
    ["b", 404],
    ["c", 200],
    ["d", 404],
    ["e", 400],
    ["f", 405],
    ["g", 200],
    ["h", 200],
  ]);
  expect(replies[0]?.body).toMatchObject({ book: { bookId: "moby" } });
  expect(replies[1]?.body).toMatchObject({
    error: { status: "NOT_FOUND", message: "there is no book none" },
  });
  expect(replies[2]?.body).toMatchObject({ request: { text: "hello", inner: { number: 7 } } });
  expect(replies[5]?.headers.allow).toBe("GET, HEAD, OPTIONS, PATCH");
  expect(replies[6]).not.toHaveProperty("body");
});

test("OK: a call has the batch's credential, request id and address, and headers of its own", async () => {
  const { replies } = await run([get("/test/v1/look/x"), get(book)], { "x-request-id": "outer" });
  const seen = (replies[0]?.body?.metadata ?? {}) as Record<string, string>;
  expect(seen["x-request-id"]).toBe("outer.0");
  expect(seen["x-sluice-client-address"]).toBe("127.0.0.1");
  const { etag = "", ...others } = replies[1]?.headers ?? {};
  expect(others).toMatchObject({ "content-type": "application/json", "x-request-id": "outer.1" });
  expect(Object.keys(others)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^access-|^vary|^x-kept/)]),
  );
  const again = await run([
    get(book, { headers: { "If-None-Match": etag } }),
    { method: "PATCH", path: book, headers: { "if-match": '"99"' }, body: { title: "x" } },
    { method: "PATCH", path: book, headers: { "if-match": etag }, body: { title: "Typee" } },
  ]);
  expect(again.replies[0]?.status).toBe(304);
  expect(again.replies[1]?.status).toBe(409);
  expect(edge.book.title).toBe("Typee");
});

test("OK: a log line for each call", async () => {
  const before = edge.log.length;
  await run([get(book), get(book)], { "x-request-id": "logged" });
  await expect
    .poll(() => edge.log.slice(before).map(({ requestId }) => requestId))
    .toEqual(expect.arrayContaining(["logged", "logged.0", "logged.1"]));
});

test("OK: a hundred calls, some at a time", async () => {
  const { replies } = await run(Array.from({ length: 100 }, (_, index) => get(book, { id: String(index) })));
  expect(replies.map(({ id, status }) => `${id} ${status}`)).toEqual(
    Array.from({ length: 100 }, (_, index) => `${index} 200`),
  );
  expect(edge.busiest()).toBeLessThanOrEqual(8);
  expect(edge.busiest()).toBeGreaterThan(1);
});

test("Unauthenticated: a batch without a credential, whatever its calls are", async () => {
  const before = edge.calls();
  const answer = await http1(edge.port, "/api/v1/batch", {
    method: "POST",
    body: JSON.stringify({ requests: [get("/test/v1/shelf/books")] }),
  });
  expect(answer.status).toBe(401);
  expect(edge.calls()).toBe(before);
});

test.each([
  ["no call", [], "requests"],
  ["101 calls", Array.from({ length: 101 }, () => get(book)), "requests"],
  ["a wrong method", [{ method: "TRACE", path: book }], "requests[0].method"],
  ["a path that is a URL", [get(book), get("http://example.org/")], "requests[1].path"],
  ["a path with a line end", [get("/a\r\nx")], "requests[0].path"],
  [
    "a credential",
    [get(book, { headers: { Authorization: "Bearer x" } })],
    'requests[0].headers["Authorization"]',
  ],
  ["a header of the connection", [get(book, { headers: { host: "x" } })], 'requests[0].headers["host"]'],
  ["a header with a line end", [get(book, { headers: { accept: "a\nb" } })], 'requests[0].headers["accept"]'],
])("InvalidArgument: %s", async (_, requests, field) => {
  const before = edge.calls();
  const { status, error } = await run(requests);
  expect([status, error.details[0].fieldViolations[0].field]).toEqual([400, field]);
  expect(edge.calls()).toBe(before);
});

test("InvalidArgument: a batch in a batch, over REST and as an RPC", async () => {
  const inner = { requests: [get(book)] };
  const { replies } = await run([
    { method: "POST", path: "/api/v1/batch", body: inner },
    { method: "POST", path: "/sluice.edge.v1.BatchService/RunBatch", body: inner },
    get(book),
  ]);
  expect(replies.map(({ status }) => status)).toEqual([400, 400, 200]);
  expect(JSON.stringify(replies[0]?.body)).toContain("a batch can't be a call of a batch");
});

test("InvalidArgument: a call whose method takes no body is not made, whatever its HTTP method", async () => {
  const before = edge.calls();
  const { replies } = await run([
    get(book, { body: { a: 1 } }),
    { method: "HEAD", path: book, body: "GET /health HTTP/1.1" },
    { method: "DELETE", path: book, body: {} },
  ]);
  expect(replies.map(({ status }) => status)).toEqual([400, 400, 405]);
  expect(replies.map(({ headers }) => headers["x-request-id"]?.replace(/.*\./, ""))).toEqual(["0", "1", "2"]);
  expect(replies[0]?.body).toMatchObject({ error: { message: "body: must be empty: this path takes none" } });
  expect(edge.calls()).toBe(before);
});

test("OK: a response with more headers than Node reads by default", async () => {
  const server = createInnerServer(() => (_, response) => {
    response.setHeader("x-long", "x".repeat(60_000));
    response.end("whole");
  });
  const inner = { method: "GET", path: "/", headers: { host: "batch" }, body: undefined };
  const response = await server.send({ ...inner, clientAddress: "127.0.0.1" }).responded;
  expect([response?.status, response?.headers["x-long"]?.length, response?.body]).toEqual([
    200,
    60_000,
    "whole",
  ]);
});

test("Unimplemented: streams, uploads and downloads", async () => {
  const { replies } = await run([
    get("/test/v1/count?up_to=1"),
    { method: "POST", path: "/test/v1/uploads", body: {} },
    get("/test/v1/downloads/10"),
    get(`${book}/text`),
  ]);
  expect(replies.map(({ status }) => status)).toEqual([501, 501, 501, 501]);
});

test("DeadlineExceeded: one deadline for all calls; a call may have less", async () => {
  const own = await run([get("/test/v1/wait/own", { headers: { "connect-timeout-ms": "50" } }), get(book)]);
  expect(own.replies.map(({ status }) => status)).toEqual([504, 200]);
  const waiting = Array.from({ length: 10 }, (_, index) => get(`/test/v1/wait/all${index}`));
  const all = await run(waiting, { "connect-timeout-ms": "300" });
  expect(new Set(all.replies.map(({ status }) => status))).toEqual(new Set([504]));
  expect(all.replies.at(-1)?.body).toMatchObject({
    error: { message: "the deadline of the batch passed before this call was made" },
  });
  const wrong = await run([get(book, { headers: { "connect-timeout-ms": "soon" } })]);
  expect(wrong.replies[0]?.status).toBe(400);
});

test("Canceled: a caller that goes away cancels the calls that run", async () => {
  const gone = new AbortController();
  const batch = fetch(`${edge.url}/api/v1/batch`, {
    method: "POST",
    headers: { ...bearer, "content-type": "application/json" },
    body: JSON.stringify({ requests: [get("/test/v1/wait/left")] }),
    signal: gone.signal,
  });
  await edge.happenings.begun("left");
  gone.abort();
  await expect(batch).rejects.toThrow();
  await edge.happenings.cancelled("left");
});

test("ResourceExhausted: answers that are too large together say whether their calls were made", async () => {
  const { title } = edge.book;
  edge.book.title = "x".repeat(500_000);
  const few = await run(Array.from({ length: 8 }, () => get(book)));
  expect(few.replies.map(({ status }) => status)).toEqual(few.replies.map(() => 200));
  const { status, replies } = await run(Array.from({ length: 30 }, () => get(book)));
  edge.book.title = title;
  expect(status).toBe(200);
  const statuses = replies.map((reply) => reply.status);
  expect(new Set(statuses)).toEqual(new Set([200, 507]));
  expect(statuses.filter((one) => one === 200)).toHaveLength(8);
  const fates = replies.map(({ body }) => JSON.stringify(body).match(/this call (was|was not) made/)?.[1]);
  expect(new Set(fates)).toEqual(new Set([undefined, "was", "was not"]));
});

test.each([
  ["Connect", createConnectTransport],
  ["gRPC", createGrpcTransport],
  ["gRPC-Web", createGrpcWebTransport],
] as const)("OK: a batch as an RPC of %s", async (_, createTransport) => {
  const transport = createTransport({ baseUrl: edge.url, httpVersion: "2" });
  const client = createClient(BatchService, transport);
  const { responses } = await client.runBatch(
    { requests: [{ method: "GET", path: book }] },
    { headers: bearer },
  );
  expect(responses.map(({ status, body }) => [status, body?.kind.case])).toEqual([[200, "structValue"]]);
  await expect(client.runBatch({ requests: [] }, { headers: bearer })).rejects.toThrow("requests");
});
