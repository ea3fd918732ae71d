import { once } from "node:events";
import { connect } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { http1, http2 } from "./lib/raw-http.ts";
import { apiKey, bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

let edge: TestEdge;
const json = { "content-type": "application/json" };

beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const lineOf = async (requestId: string): Promise<Record<string, unknown>> => {
  const found = () => edge.log.find((line) => line.requestId === requestId);
  await expect.poll(found).toBeDefined();
  return found() ?? {};
};

test("OK: a line names who called what, how, and what came of it", async () => {
  const body = JSON.stringify({ text: "x" });
  const answer = await http1(edge.port, "/test/v1/echo", {
    method: "POST",
    headers: { ...json, "x-api-key": apiKey, "x-request-id": "whole" },
    body,
  });
  expect(await lineOf("whole")).toMatchObject({
    requestId: "whole",
    org: orgId,
    user: userId,
    apiKey: "33333333-3333-7333-8333-333333333333",
    address: "127.0.0.1",
    http: "POST",
    route: "/test/v1/echo",
    method: "sluice.test.v1.EchoService.Echo",
    protocol: "rest",
    code: "OK",
    status: 200,
    complete: true,
    bytesIn: Buffer.byteLength(body),
    bytes: Buffer.byteLength(answer.body),
    ms: expect.any(Number),
  });
});

test.each([
  ["rest", "/test/v1/fail", json, '{"code":5,"message":"no"}', 404],
  ["connect", "/sluice.test.v1.EchoService/Fail", json, '{"code":5,"message":"no"}', 404],
  [
    "grpc-web",
    "/sluice.test.v1.EchoService/Fail",
    { "content-type": "application/grpc-web+json" },
    envelope('{"code":5,"message":"no"}'),
    200,
  ],
])(
  "NotFound: of %s is in the line, whatever HTTP's status is",
  async (protocol, path, headers, body, status) => {
    const requestId = `failed-${protocol}`;
    await http1(edge.port, path, {
      method: "POST",
      headers: { ...headers, "x-request-id": requestId },
      body,
    });
    expect(await lineOf(requestId)).toMatchObject({ protocol, code: "NOT_FOUND", status, complete: true });
  },
);

test("NotFound: of gRPC stands in trailers and in the line", async () => {
  await http2(edge.port, "/sluice.test.v1.EchoService/Fail", {
    method: "POST",
    headers: { "content-type": "application/grpc+json", te: "trailers", "x-request-id": "failed-grpc" },
    body: envelope('{"code":5,"message":"no"}'),
  });
  expect(await lineOf("failed-grpc")).toMatchObject({ protocol: "grpc", code: "NOT_FOUND", status: 200 });
});

test("Aborted: a REST stream that fails after its start says so in the line", async () => {
  const headers = { "x-request-id": "late", accept: "application/x-ndjson" };
  await http1(edge.port, "/test/v1/count?upTo=2&failAfter=true", { headers });
  expect(await lineOf("late")).toMatchObject({ code: "ABORTED", status: 200, complete: true });
});

test("DataLoss: a download that breaks off is not complete", async () => {
  const headers = { "x-request-id": "broken" };
  await expect(http1(edge.port, "/test/v1/downloads/900000?failAfter=300000", { headers })).rejects.toThrow();
  expect(await lineOf("broken")).toMatchObject({ code: "DATA_LOSS", status: 200, complete: false });
});

test("Canceled: a caller that goes away is in the line", async () => {
  const session = connect(edge.url);
  const stream = session.request({ ":path": "/test/v1/wait/gone", "x-request-id": "gone" });
  await edge.happenings.begun("gone");
  stream.close(8);
  await once(stream, "close");
  session.close();
  expect(await lineOf("gone")).toMatchObject({ code: "CANCELLED", complete: false });
});

test("Unimplemented: a method that there is not has no name in the line", async () => {
  await http2(edge.port, "/sluice.test.v1.EchoService/Invented", {
    method: "POST",
    headers: { "content-type": "application/grpc", te: "trailers", "x-request-id": "invented" },
  });
  const line = await lineOf("invented");
  expect(line).toMatchObject({ protocol: "grpc", code: "UNIMPLEMENTED" });
  expect(JSON.stringify(line)).not.toContain("Invented");
});

test("OK: the log holds no secret that came in a header, a query, a path, a body or a cookie", async () => {
  const secret = "Tr0ub4dor-and-3";
  const headers = {
    ...bearer,
    cookie: `session=${secret}`,
    referer: `http://x/?token=${secret}`,
    "user-agent": secret,
    "x-anything": secret,
    tracestate: `v=${secret}`,
    "x-forwarded-for": secret,
  };
  const body = JSON.stringify({ text: secret });
  const calls = [
    http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...headers, ...json }, body }),
    http1(edge.port, `/test/v1/look/${secret}?text=${secret}`, { headers }),
    http1(edge.port, `/test/v1/look/x?${secret}=1`, { headers }),
    http1(edge.port, `/${secret}`, { headers }),
    http1(edge.port, `/test/v1/downloads/${secret}`, { headers }),
    http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...json, authorization: secret }, body }),
    http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...json, "x-api-key": secret }, body }),
    http1(edge.port, "/test/v1/echo", { method: "POST", headers: { ...headers, ...json }, body: secret }),
    http2(edge.port, "/sluice.test.v1.EchoService/Echo", {
      method: "POST",
      headers: { ...headers, "content-type": "application/grpc+json", te: "trailers" },
      body: envelope(body),
    }),
    http1(
      edge.port,
      `/sluice.test.v1.EchoService/Look?encoding=json&connect=v1&message=${encodeURIComponent(`{"name":"${secret}"}`)}`,
      { headers },
    ),
  ];
  const before = edge.log.length;
  await Promise.all(calls);
  await expect.poll(() => edge.log.length).toBeGreaterThanOrEqual(before + calls.length);
  expect(JSON.stringify(edge.log)).not.toContain(secret);
  expect(JSON.stringify(edge.log)).not.toContain("good-token");
});

function envelope(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
