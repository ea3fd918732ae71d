import { createHash } from "node:crypto";
import { request as http1Request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallServices } from "../../edge/call/call-services.ts";
import { registry, startMeasuring } from "../../services/lib/telemetry/metrics.ts";
import { clockedLimiter, rateLimits } from "./lib/admission.ts";
import { createDropProtocol, createHastyProtocol } from "./lib/drop-protocol.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { apiKey, bearer, orgId, startTestEdge, type TestEdge, userId } from "./lib/test-edge.ts";

const createProtocols = (services: CallServices) => [
  createDropProtocol(services),
  createHastyProtocol(services),
];
const startDropEdge = (limits: Parameters<typeof rateLimits>[0] = {}): Promise<TestEdge> =>
  startTestEdge({
    createProtocols,
    admission: { limiter: clockedLimiter().limiter, limits: rateLimits(limits) },
  });

const content = Buffer.from("what is dropped ".repeat(50_000));
const sha256 = createHash("sha256").update(content).digest("hex");
type Send = typeof http1;
const drop = (send: Send, edge: TestEdge, headers: Record<string, string> = bearer): Promise<RawResponse> =>
  send(edge.port, "/drop/a.bin", { method: "PUT", headers, body: content });

describe.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const)("a protocol of another's over %s", (_, send) => {
  let edge: TestEdge;
  beforeAll(async () => {
    startMeasuring("edge");
    edge = await startDropEdge();
  });
  afterAll(() => edge[Symbol.asyncDispose]());

  test("OK: its verbs and headers are its own", async () => {
    const { status, headers } = await send(edge.port, "/drop/", { method: "REPORT" });
    expect([status, headers["drop-version"]]).toEqual([204, "1"]);
    const stored = await drop(send, edge, { ...bearer, "drop-type": "text/x-drop" });
    expect([stored.status, stored.headers["drop-sha256"], stored.headers["drop-bytes"]]).toEqual([
      201,
      sha256,
      String(content.byteLength),
    ]);
  });

  test("OK: it is asked after methods, health and pages, and before REST", async () => {
    expect((await send(edge.port, "/health")).body).toBe('{"status":"SERVING"}');
    expect((await send(edge.port, "/test/v1/look/x")).status).toBe(200);
    const unclaimed = await send(edge.port, "/dropped");
    expect(JSON.parse(unclaimed.body).error.message).toBe("there is nothing at this path");
    const rpc = { "content-type": "application/json", "connect-protocol-version": "1" };
    expect((await send(edge.port, "/drop/", { method: "REPORT", headers: rpc })).status).toBe(204);
  });

  test("Unauthenticated: a call without a credential, or with a wrong one, reaches no upstream", async () => {
    const sent = edge.happenings.sent("upload");
    for (const headers of [{}, { authorization: "Bearer unknown" }]) {
      const { status, body } = await drop(send, edge, headers);
      expect([status, JSON.parse(body).error.status]).toEqual([401, "UNAUTHENTICATED"]);
    }
    expect(edge.happenings.sent("upload")).toBe(sent);
    expect((await drop(send, edge, { "x-api-key": apiKey })).status).toBe(201);
  });

  test("Unimplemented: an error that it throws is written by the edge", async () => {
    const { status, headers, body } = await send(edge.port, "/drop/x", { method: "DELETE" });
    expect([status, headers.allow]).toEqual([405, "PUT, REPORT"]);
    expect(JSON.parse(body).error.message).toBe("the methods of this path are PUT, REPORT");
  });

  test("Internal: a call that is forwarded without admission fails", async () => {
    const { status, body } = await send(edge.port, "/hasty");
    expect([status, JSON.parse(body).error.status]).toEqual([500, "INTERNAL"]);
  });

  test("OK: a line in the access log", async () => {
    const requestId = `drop-${send.name}`;
    await drop(send, edge, { ...bearer, "x-request-id": requestId });
    const lines = () => edge.log.filter((line) => line.requestId === requestId);
    await expect.poll(lines).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      protocol: "drop",
      method: "sluice.test.v1.EchoService.Upload",
      route: "/drop/{name}",
      http: "PUT",
      org: orgId,
      user: userId,
      code: "OK",
      status: 201,
      bytesIn: content.byteLength,
    });
  });

  test("OK: its requests are counted in the metrics", async () => {
    const counted = async () => {
      const { values } = (await registry.getSingleMetric("sluice_edge_requests_total")?.get()) ?? {
        values: [],
      };
      return values.find(({ labels }) => labels.protocol === "drop" && labels.code === "OK")?.value ?? 0;
    };
    const before = await counted();
    await drop(send, edge);
    await expect.poll(counted).toBe(before + 1);
  });

  test("ResourceExhausted: the rate limit of its user holds", async () => {
    await using limited = await startDropEdge({ user: { tokens: 1 } });
    expect((await drop(send, limited)).status).toBe(201);
    const { status, headers, body } = await drop(send, limited);
    expect([status, JSON.parse(body).error.details[0].reason]).toEqual([429, "RATE_LIMIT_EXCEEDED"]);
    expect(headers.ratelimit).toContain("user");
    // REST uses the same tokens.
    const echo = { method: "POST", headers: { ...bearer, "content-type": "application/json" }, body: "{}" };
    expect((await send(limited.port, "/test/v1/echo", echo)).status).toBe(429);
  });
});

test("ResourceExhausted: the limit of concurrent calls holds, and a permit is given back", async () => {
  await using edge = await startDropEdge({ user: { callsMax: 1 } });
  const open = http1Request({
    port: edge.port,
    path: "/drop/open",
    method: "PUT",
    agent: false,
    headers: { ...bearer, "transfer-encoding": "chunked" },
  });
  open.on("error", () => undefined);
  open.write("begun");
  await edge.happenings.begun("upload");
  const { status, body } = await drop(http1, edge);
  expect([status, JSON.parse(body).error.details[0].reason]).toEqual([429, "CONCURRENCY_LIMIT_EXCEEDED"]);
  open.destroy();
  await edge.happenings.cancelled("upload");
  await expect.poll(async () => (await drop(http1, edge)).status).toBe(201);
});
