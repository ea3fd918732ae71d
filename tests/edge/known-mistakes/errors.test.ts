import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";
import { startFaultyEdge } from "../lib/fault-backend.ts";
import { http1, http2, rawBytes } from "../lib/raw-http.ts";
import { statusCallers } from "../lib/status-callers.ts";
import { bearer, type TestEdge } from "../lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startFaultyEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };

type Row = [status: number, line: string, headers?: Record<string, string>, body?: string | Buffer];
const fail = (status: number, code: number): Row => [
  status,
  "POST /test/v1/fail",
  json,
  JSON.stringify({ code, message: "as told" }),
];

// vanguard-go and grpc-gateway send some errors as text/plain, Envoy all of them by default.
describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, send) => {
  test.each<Row>([
    // vanguard-go responds 500 to both.
    [400, "POST /test/v1/echo", { ...json, ...bearer }, '{"text":'],
    [400, "GET /test/v1/look/n?nothing=1"],
    [401, "POST /test/v1/echo", json, "{}"],
    fail(403, 7),
    [404, "GET /nothing"],
    [405, "DELETE /test/v1/look/n"],
    [406, "GET /test/v1/look/n", { "accept-encoding": "identity;q=0" }],
    fail(409, 10),
    [413, "POST /test/v1/fail", json, Buffer.alloc(5_000_000, "x")],
    [414, `GET /test/v1/look/${"x".repeat(9000)}`],
    [415, "POST /test/v1/echo", { "content-type": "text/plain", ...bearer }, "x"],
    [415, "POST /test/v1/echo", { ...json, ...bearer, "content-encoding": "snappy" }, "{}"],
    fail(429, 8),
    [431, "GET /test/v1/look/n", { "x-large": "x".repeat(20_000) }],
    fail(500, 13),
    fail(501, 12),
    fail(503, 14),
    fail(504, 4),
  ])("%i: is a Status in JSON, whatever is accepted: %s", async (status, line, headers = {}, body) => {
    const [method = "", path = ""] = line.split(" ");
    for (const accept of [{}, { accept: "text/plain, text/html, */*;q=0.1" }]) {
      const sent = { method, headers: { ...headers, ...accept }, ...(body !== undefined && { body }) };
      const answer = await send(edge.port, path, sent);
      expect([answer.status, answer.headers["content-type"]]).toEqual([status, "application/json"]);
      expect(JSON.parse(answer.body)).toEqual({
        error: {
          code: status,
          status: expect.any(String),
          message: expect.any(String),
          details: expect.any(Array),
        },
      });
    }
  });
});

test.each([
  [400, "GET / HTTP/1.1\r\nHost: x\r\nno header\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
])("%i: is a Status in JSON, of what is hardly HTTP: %j", async (status, bytes) => {
  const [head = "", body = ""] = (await rawBytes(edge.port, bytes)).split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\ncontent-type: application/json`, "is"));
  expect(JSON.parse(body).error.code).toBe(status);
});

// vanguard-go panics at 17.
describe.each(Object.entries(statusCallers))("%s", (_, call) => {
  test.each([17, 20, 127, 65_536, 2 ** 31 - 1])(
    "Unknown: a code that gRPC does not have: %i",
    async (code) => {
      const status = toBinary(StatusSchema, create(StatusSchema, { code, message: "odd" }));
      for (const after of [undefined, 1]) {
        expect(await call(edge.url, status, after)).toMatchObject({ code: "UNKNOWN", messages: after ?? 0 });
      }
      expect((await http1(edge.port, "/test/v1/look/n")).status).toBe(200);
    },
  );
});
