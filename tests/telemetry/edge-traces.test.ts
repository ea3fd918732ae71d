import { createClient } from "@connectrpc/connect";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { createGrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import { startTelemetry } from "../../services/lib/process/start-telemetry.ts";
import { parseTelemetry } from "../../services/lib/telemetry/settings.ts";
import { http1 } from "../edge/lib/raw-http.ts";
import { startTestEdge, type TestEdge } from "../edge/lib/test-edge.ts";
import {
  kinds,
  type ReceivedSpan,
  startTraceReceiver,
  type TraceReceiver,
  treeOf,
} from "./lib/trace-receiver.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callersSpan = "00f067aa0ba902b7";
const sampled = `00-${traceId}-${callersSpan}-01`;
const echo = "sluice.test.v1.EchoService";

let stack: AsyncDisposableStack;
let edge: TestEdge;
let receiver: TraceReceiver;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  receiver = stack.use(await startTraceReceiver());
  edge = stack.use(await startTestEdge());
});

afterEach(() => stack.disposeAsync());

/** Traces while `work` runs. Returns the recorded spans. */
async function recorded(env: Record<string, string>, work: () => Promise<unknown>): Promise<ReceivedSpan[]> {
  const settings = parseTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env });
  await using _telemetry = await startTelemetry("test", settings, pino({ level: "silent" }));
  await work();
  // The edge's span ends last.
  await expect.poll(() => edge.log.length).toBeGreaterThan(0);
  await _telemetry[Symbol.asyncDispose]();
  return receiver.spans;
}

const rootOf = (spans: readonly ReceivedSpan[]): ReceivedSpan => {
  const root = spans.find(({ kind, service }) => service === "sluice-edge" && kind === kinds.server);
  if (!root) throw new Error("no span of a request");
  return root;
};

test("OK: a stream of gRPC that fails after its start is one trace, with the code in each of its spans", async () => {
  using transport = createGrpcTransport({ peer: "edge", address: `127.0.0.1:${edge.port}` });
  const spans = await recorded({}, async () => {
    const counted = createClient(EchoService, transport).count(
      { upTo: 3, key: "k", failAfter: true },
      { headers: { traceparent: sampled, tracestate: "vendor=1" } },
    );
    await expect(Array.fromAsync(counted)).rejects.toThrow("counted enough");
  });
  const root = rootOf(spans);
  expect(treeOf(spans, root)).toEqual([
    `sluice-edge: POST /${echo}/Count`,
    [`sluice-edge: ${echo}/Count`, [`sluice-edge: ${echo}/Count`, [`sluice-test: ${echo}/Count`]]],
  ]);
  expect([root.traceId, root.parentSpanId]).toEqual([traceId, callersSpan]);
  for (const span of spans) expect(span.attributes["rpc.status_code"]).toBe("ABORTED");
  expect(root.attributes).toMatchObject({ "http.response.status_code": 200, "sluice.protocol": "grpc" });
});

test("OK: a REST stream is one trace, and its route has no values", async () => {
  const spans = await recorded({}, () => http1(edge.port, "/test/v1/downloads/300000"));
  expect(treeOf(spans, rootOf(spans))).toEqual([
    "sluice-edge: GET /test/v1/downloads/{bytes}",
    [`sluice-edge: ${echo}/Download`, [`sluice-edge: ${echo}/Download`, [`sluice-test: ${echo}/Download`]]],
  ]);
  expect(JSON.stringify(spans)).not.toContain("300000");
});

test("OK: the trace goes on to the service as W3C has it, with the state that came", async () => {
  let body = "";
  const spans = await recorded({}, async () => {
    const headers = { traceparent: sampled, tracestate: "vendor=1" };
    ({ body } = await http1(edge.port, "/test/v1/look/x", { headers }));
  });
  const client = spans.find(({ kind }) => kind === kinds.client);
  expect(JSON.parse(body).metadata).toMatchObject({
    traceparent: `00-${traceId}-${client?.spanId}-01`,
    tracestate: "vendor=1",
  });
});

test("OK: without tracing the caller's trace goes on as it came", async () => {
  const headers = { traceparent: sampled, tracestate: "vendor=1" };
  const { body } = await http1(edge.port, "/test/v1/look/x", { headers });
  expect(JSON.parse(body).metadata).toMatchObject(headers);
  await expect.poll(() => edge.log[0]).toMatchObject({ traceId });
  expect(receiver.bodies).toEqual([]);
});

test.each([
  ["a version that there is not", "ff", traceId, callersSpan],
  ["a trace of zeros", "00", "0".repeat(32), callersSpan],
  ["a span of zeros", "00", traceId, "0".repeat(16)],
  ["no trace at all", "00", "secret", callersSpan],
])("OK: a traceparent with %s begins a new trace", async (_what, version, trace, span) => {
  const headers = { traceparent: `${version}-${trace}-${span}-01`, tracestate: "vendor=1" };
  const spans = await recorded({}, () => http1(edge.port, "/test/v1/look/x", { headers }));
  expect(rootOf(spans)).toMatchObject({ parentSpanId: "", traceId: expect.not.stringMatching(trace) });
});

test("OK: a caller's flag forces no recording, and its trace goes on all the same", async () => {
  let body = "";
  const spans = await recorded({ OTEL_TRACES_SAMPLER: "parentbased_always_off" }, async () => {
    ({ body } = await http1(edge.port, "/test/v1/look/x", { headers: { traceparent: sampled } }));
  });
  expect(spans).toEqual([]);
  expect(JSON.parse(body).metadata.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
});

test("OK: a caller's flag prevents no recording either", async () => {
  const headers = { traceparent: sampled.replace(/01$/, "00") };
  const spans = await recorded({}, () => http1(edge.port, "/test/v1/look/x", { headers }));
  expect(rootOf(spans).traceId).toBe(traceId);
});

test("OK: no more requests are recorded than the edge may in a second, whatever their callers want", async () => {
  let mostSpans = 0;
  const spans = await recorded({ EDGE_TRACES_PER_SECOND: "3" }, async () => {
    const begunMs = Date.now();
    for (let call = 0; call < 30; call += 1) {
      await http1(edge.port, "/test/v1/look/x", { headers: { traceparent: sampled } });
    }
    // The budget of the first second, and the part that refills during the calls.
    mostSpans = 3 + Math.ceil(((Date.now() - begunMs) * 3) / 1000);
  });
  const requests = spans.filter(({ service, kind }) => service === "sluice-edge" && kind === kinds.server);
  expect(requests.length).toBeGreaterThanOrEqual(3);
  expect(requests.length).toBeLessThanOrEqual(mostSpans);
});

test("OK: calls are answered while the collector is away, and the stop does not wait for it", async () => {
  await receiver[Symbol.asyncDispose]();
  const settings = parseTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  const telemetry = await startTelemetry("test", settings, pino({ level: "silent" }));
  expect((await http1(edge.port, "/test/v1/look/x")).status).toBe(200);
  await telemetry[Symbol.asyncDispose]();
  stack = new AsyncDisposableStack();
  stack.use(edge);
});
