import { afterAll, beforeAll, expect, test } from "vitest";
import { http1, http2 } from "./lib/raw-http.ts";
import { bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

const json = { "content-type": "application/json" };

test("Unavailable: an upstream that is down is told, with Retry-After", async () => {
  await using lonely = await startTestEdge();
  await lonely.stopBackend();
  const answer = await http1(lonely.port, "/test/v1/look/n");
  expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
  const { error } = JSON.parse(answer.body);
  expect(error).toMatchObject({ code: 503, status: "UNAVAILABLE", message: "test does not answer" });
});

test("Unavailable: identity is down; public methods go on", async () => {
  await using lonely = await startTestEdge();
  await lonely.stopIdentity();
  const echo = await http1(lonely.port, "/test/v1/echo", {
    method: "POST",
    headers: { ...json, ...bearer },
    body: "{}",
  });
  expect([echo.status, JSON.parse(echo.body).error.message]).toEqual([503, "identity does not answer"]);
  expect((await http1(lonely.port, "/test/v1/look/n")).status).toBe(200);
});

test("OK: a verified credential is used again for a moment", async () => {
  await using fresh = await startTestEdge();
  const echo = () =>
    http1(fresh.port, "/test/v1/echo", { method: "POST", headers: { ...json, ...bearer }, body: "{}" });
  await Promise.all([echo(), echo(), echo()]);
  await echo();
  expect(fresh.verifications()).toBe(1);
});

test("OK: health tells who is down", async () => {
  await using lonely = await startTestEdge();
  expect((await http1(lonely.port, "/health")).status).toBe(200);
  const ready = await http1(lonely.port, "/health/ready");
  expect([ready.status, JSON.parse(ready.body)]).toEqual([
    200,
    { status: "SERVING", upstreams: { identity: "SERVING", test: "SERVING" } },
  ]);
  await lonely.stopBackend();
  const down = await http1(lonely.port, "/health/ready");
  expect([down.status, JSON.parse(down.body)]).toEqual([
    503,
    { status: "NOT_SERVING", upstreams: { identity: "SERVING", test: "DOWN" } },
  ]);
  expect((await http1(lonely.port, "/health")).status).toBe(200);
  expect((await http1(lonely.port, "/health", { method: "POST" })).status).toBe(405);
});

test("OK: each request is one line of the log, without secrets", async () => {
  const headers = { ...json, ...bearer, "x-request-id": "logged-1" };
  const answer = await http1(edge.port, "/test/v1/echo?unknown=secret", {
    method: "POST",
    headers,
    body: "{}",
  });
  await http1(edge.port, "/test/v1/echo", {
    method: "POST",
    headers: { ...headers, "x-request-id": "logged-2" },
    body: "{}",
  });
  const linesOf = (id: string) => edge.log.filter((line) => line.requestId === id);
  // The line is written after the end of the response, which the client can see first.
  for (const id of ["logged-1", "logged-2"]) await expect.poll(() => linesOf(id).length).toBeGreaterThan(0);
  const [refused, done] = [linesOf("logged-1"), linesOf("logged-2")];
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({
    http: "POST",
    route: "/test/v1/echo",
    method: "sluice.test.v1.EchoService.Echo",
    protocol: "rest",
    org: orgId,
    user: userId,
    status: 400,
    bytes: Buffer.byteLength(answer.body),
  });
  expect(done[0]).toMatchObject({ status: 200 });
  const headers2 = { "x-request-id": "logged-3" };
  const look = await http2(edge.port, "/test/v1/look/a-secret-token", { headers: headers2 });
  await expect
    .poll(() => linesOf("logged-3"))
    .toMatchObject([{ route: "/test/v1/look/{name}", status: 200, bytes: Buffer.byteLength(look.body) }]);
  await http1(edge.port, "/test/v1/loook/a-secret-token", { headers: { "x-request-id": "logged-4" } });
  await expect.poll(() => linesOf("logged-4").length).toBe(1);
  expect(JSON.stringify(edge.log)).not.toMatch(/good-token|unknown=secret|a-secret-token/);
});
