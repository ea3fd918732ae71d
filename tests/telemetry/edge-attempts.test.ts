import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTelemetry } from "../../services/lib/process/start-telemetry.ts";
import { parseTelemetry } from "../../services/lib/telemetry/settings.ts";
import { startRawUpstream } from "../edge/lib/raw-upstream.ts";
import { type Backend, startBackend, startEdgeBefore } from "../edge/lib/resilience.ts";
import { kinds, type ReceivedSpan, startTraceReceiver, type TraceReceiver } from "./lib/trace-receiver.ts";

// A call is a span of the edge, and each of its attempts is a child of it.

const internal = 1;
const errored = 2;

let stack: AsyncDisposableStack;
let receiver: TraceReceiver;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  receiver = stack.use(await startTraceReceiver());
});
afterEach(() => stack.disposeAsync());

/** An edge in front of backends with these names. */
async function startBackends(...names: string[]): Promise<{ url: string; backends: Backend[] }> {
  const backends = await Promise.all(names.map(async (name) => stack.use(await startBackend(name))));
  const edge = stack.use(await startEdgeBefore(backends.map(({ address }) => address)));
  return { url: `${edge.url}/test/v1/resilience`, backends };
}

/** Traces `work` and returns each call of the edge with its attempts in order. */
async function recorded(work: () => Promise<unknown>) {
  const settings = parseTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  await using telemetry = await startTelemetry("test", settings, pino({ level: "silent" }));
  await work();
  await telemetry[Symbol.asyncDispose]();
  const { spans } = receiver;
  const numberOf = ({ attributes }: ReceivedSpan) => Number(attributes["sluice.attempt"]);
  const triesOf = ({ spanId }: ReceivedSpan) =>
    spans
      .filter(({ parentSpanId, kind }) => parentSpanId === spanId && kind === kinds.client)
      .sort((one, other) => numberOf(one) - numberOf(other));
  return spans.filter(({ kind }) => kind === internal).map((call) => ({ call, tries: triesOf(call) }));
}

const summaryOf = ({ name, kind, status, attributes }: ReceivedSpan) => ({ name, kind, status, attributes });

/** The span of an attempt at a backend. */
function tryAt(
  backend: Pick<Backend, "address"> | undefined,
  method: string,
  number: number,
  outcome: string,
  code: string,
) {
  const [host, port] = backend?.address.split(":") ?? [];
  const name = `sluice.test.v1.ResilienceService/${method}`;
  const isFault = code !== "OK" && code !== "CANCELLED";
  return {
    name,
    kind: kinds.client,
    status: isFault ? errored : 0,
    attributes: {
      "rpc.system.name": "grpc",
      "rpc.method": name,
      "rpc.status_code": code,
      ...(isFault && { "error.type": code }),
      "network.transport": "tcp",
      "network.peer.address": host,
      "network.peer.port": Number(port),
      "sluice.attempt": number,
      "sluice.outcome": outcome,
    },
  };
}

test.each([
  ["Read", "/k"],
  ["Follow", "/k:follow"],
])(
  "Unavailable: each try of %s has a span, which its service gets to see as its caller",
  async (method, path) => {
    const { url, backends } = await startBackends("a");
    const [backend] = backends;
    await backend?.set("failing");
    const [one] = await recorded(async () => expect((await fetch(url + path)).status).toBe(503));
    expect(one?.tries.map(summaryOf)).toEqual(
      [1, 2, 3, 4].map((number) => tryAt(backend, method, number, "broken", "UNAVAILABLE")),
    );
    expect(backend?.begun().map(({ traceparent }) => traceparent)).toEqual(
      one?.tries.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
    );
    expect(one?.call.attributes).toMatchObject({ "rpc.status_code": "UNAVAILABLE" });
  },
);

test("OK: of a hedged call's tries one is answered, and the other is no failure", async () => {
  const { url, backends } = await startBackends("stuck", "sound");
  const [stuck, sound] = backends;
  await stuck?.set("stuck");
  const calls = await recorded(async () => {
    await expect
      .poll(async () => {
        expect(await (await fetch(`${url}/k:hedged`)).json()).toEqual({ server: "sound" });
        return stuck?.begun().length;
      })
      .toBe(1);
  });
  // The edge may detect the stuck backend late. Calls before that are served by the sound one alone.
  const { tries = [] } = calls.find((one) => one.tries.length > 1) ?? {};
  const numberOf = (outcome: string) =>
    tries.findIndex(({ attributes }) => attributes["sluice.outcome"] === outcome) + 1;
  // On a busy machine the stuck backend can be the second attempt.
  expect(
    tries.map(summaryOf).toSorted((one) => (one.attributes["sluice.outcome"] === "answered" ? -1 : 1)),
  ).toEqual([
    tryAt(sound, "Hedge", numberOf("answered"), "answered", "OK"),
    tryAt(stuck, "Hedge", numberOf("given up"), "given up", "CANCELLED"),
  ]);
});

test.each([
  ["Read", "/k"],
  ["Follow", "/k:follow"],
])("DeadlineExceeded: a try of %s that was under way", async (method, path) => {
  // A gRPC server would enforce the deadline, too, and could respond first.
  const upstream = stack.use(await startRawUpstream(() => {}));
  const edge = stack.use(await startEdgeBefore([upstream.address]));
  const call = () => fetch(`${edge.url}/test/v1/resilience${path}`, { headers: { "grpc-timeout": "2S" } });
  const [one] = await recorded(async () => expect((await call()).status).toBe(504));
  expect(one?.tries.map(summaryOf)).toEqual([tryAt(upstream, method, 1, "given up", "DEADLINE_EXCEEDED")]);
});

test.each([
  ["Read", "/k"],
  ["Follow", "/k:follow"],
])("Canceled: a try of %s whose caller goes away is no failure", async (method, path) => {
  const { url, backends } = await startBackends("a");
  const [backend] = backends;
  await backend?.set("stuck");
  const stop = new AbortController();
  const [one] = await recorded(async () => {
    const call = fetch(url + path, { signal: stop.signal }).catch(() => undefined);
    await expect.poll(() => backend?.begun().length).toBe(1);
    stop.abort();
    await call;
    await expect.poll(() => backend?.cancelled()).toBe(1);
  });
  expect(one?.tries.map(summaryOf)).toEqual([tryAt(backend, method, 1, "given up", "CANCELLED")]);
});
