import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { http1, http2, rawBytes } from "../lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "../lib/test-edge.ts";

// Requests that programs interpret differently, and headers that claim an identity.

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const post = "POST /test/v1/fail HTTP/1.1\r\nHost: x\r\n";
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;

test.each([
  ["400: a length and chunks", `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["400: chunks and a length", `${post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`],
  ["400: two lengths that differ", `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`],
  ["400: two lengths that are the same", `${post}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`],
  ["400: a list of lengths", `${post}Content-Length: 1, 1\r\n\r\nx`],
  ["400: a length with a sign", `${post}Content-Length: +1\r\n\r\nx`],
  ["400: a negative length", `${post}Content-Length: -1\r\n\r\nx`],
  ["400: a length in hexadecimal", `${post}Content-Length: 0x1\r\n\r\nx`],
  ["400: chunks that are not the last coding", `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ["400: an unknown coding", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ["400: a folded header", `${post}X-A: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
  ["400: a space before a header's colon", `${post}Content-Length : 0\r\n\r\n`],
  ["400: a NUL in a header", `${post}X-A: a\0b\r\nContent-Length: 0\r\n\r\n`],
  ["400: a bare CR in a header", `${post}X-A: a\rContent-Length: 0\r\n\r\n`],
  ["400: a chunk's size that is none", `${chunked}zz\r\n`],
  ["400: a chunk's size with a sign", `${chunked}-1\r\n`],
  ["400: a chunk's size beyond any", `${chunked}fffffffffffffffff\r\n`],
  ["400: a chunk longer than it says", `${chunked}1\r\nxxx\r\n0\r\n\r\n`],
  ["413: a chunk with an endless extension", `${chunked}1;${"x".repeat(20_000)}\r\n`],
  ["431: headers over the limit", `${post}X-A: ${"x".repeat(40_000)}\r\n\r\n`],
])("%s", async (title, bytes) => {
  const answer = await rawBytes(edge.port, bytes);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${title.slice(0, 3)} `));
  expect(head).toMatch(/^connection: close$/im);
  // Exactly one response, so nothing can be attributed to the next request.
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  expect(JSON.parse(body).error).toMatchObject({ code: Number(title.slice(0, 3)) });
  expect((await http1(edge.port, "/health")).status).toBe(200);
});

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("%s", (_, call) => {
  test.each<[string, Record<string, string>, number, string]>([
    ["headers over 16 KiB", { "x-a": "x".repeat(17_000) }, 431, "the headers are larger than 16384 bytes"],
    [
      "more than 100 header fields",
      Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`x-${at}`, "a"])),
      431,
      "the request has more than 100 header fields",
    ],
    [
      "a header that is not printable",
      { "x-a": "caf\u00e9" },
      400,
      "the header x-a holds a character that is not printable ASCII",
    ],
  ])("refused: %s", async (_, headers, status, message) => {
    const answer = await call(edge.port, "/health", { headers });
    expect([answer.status, JSON.parse(answer.body).error.message]).toEqual([status, message]);
  });

  test("414: a URL over 8 KiB", async () => {
    const answer = await call(edge.port, `/health?${"x".repeat(9000)}`);
    expect([answer.status, JSON.parse(answer.body).error.message]).toEqual([
      414,
      "the URL is longer than 8192 bytes",
    ]);
  });

  test.each([
    ["REST", "/test/v1/echo"],
    ["Connect", "/sluice.test.v1.EchoService/Echo"],
  ])("OK: what a header claims reaches no upstream, %s", async (_, path) => {
    const claims = Object.fromEntries(
      [
        ..."x-org-id x-user-id x-sluice-assertion x-sluice-client-address x-sluice-roles".split(" "),
        ..."x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip forwarded via".split(" "),
        ..."grpc-status grpc-message grpc-tags-bin grpc-trace-bin connect-x grpc-metadata-x-user-id".split(
          " ",
        ),
        ..."x-http-method-override x-original-url x-rewrite-url cookie x-anything".split(" "),
      ].map((name) => [name, "forged"]),
    );
    const headers = { ...claims, ...bearer, "content-type": "application/json" };
    const answer = await call(edge.port, path, { method: "POST", headers, body: "{}" });
    const { metadata } = JSON.parse(answer.body);
    expect(Object.keys(metadata).sort()).toEqual([
      "user-agent",
      "x-org-id",
      "x-request-id",
      "x-sluice-assertion",
      "x-sluice-client-address",
      "x-user-id",
    ]);
    expect([metadata["x-org-id"], metadata["x-user-id"]]).toEqual([orgId, userId]);
    expect(metadata["x-sluice-client-address"]).toBe("127.0.0.1");
    expect(JSON.stringify(metadata)).not.toContain("forged");
  });

  test("InvalidArgument: a query that sets what path or body have set", async () => {
    const look = await call(edge.port, "/test/v1/look/shelf-1?name=shelf-2");
    expect([look.status, JSON.parse(look.body).error.message]).toEqual([
      400,
      "name: is set by path and query",
    ]);
    const fail = await call(edge.port, "/test/v1/fail?code=7", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"code":5}',
    });
    expect([fail.status, JSON.parse(fail.body).error.message]).toEqual([
      400,
      "code: belongs into the body, not into the query",
    ]);
  });
});

test("OK: trailers of a request reach no upstream", async () => {
  const sent = [
    "POST /test/v1/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n",
    `Authorization: ${bearer.authorization}\r\nTransfer-Encoding: chunked\r\nTrailer: x-user-id\r\n\r\n`,
    "2\r\n{}\r\n0\r\nx-user-id: forged\r\n\r\n",
  ];
  const answer = await rawBytes(edge.port, sent.join(""));
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).not.toContain("forged");
});

test("OK: headers of a connection stay on it", async () => {
  const sent = `GET /test/v1/look/n HTTP/1.1\r\nHost: x\r\nConnection: close, x-secret\r\nX-Secret: forged\r\nTE: trailers\r\nKeep-Alive: timeout=9\r\n\r\n`;
  const answer = await rawBytes(edge.port, sent);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).not.toMatch(/forged|keep-alive|"te"/);
});
