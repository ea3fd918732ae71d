import { jsonType, type Outgoing, sendWhole } from "../http/outgoing.ts";
import { callUnary } from "../upstream/call-unary.ts";
import { serving } from "../upstream/health-watch.ts";
import type { CallPolicy } from "../upstream/policy.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** How long an upstream may take to say how it is, in milliseconds. */
const checkMs = 2_000;

/** Asked once: how it is now counts, and not how it is soon. */
const policy: CallPolicy = {
  path: "/grpc.health.v1.Health/Check",
  mayRetry: () => false,
  hedging: undefined,
};

/** Answers GET /health; whether the process lives. */
export function sendLiveness(out: Outgoing): void {
  sendWhole(out, 200, { "content-type": jsonType, "cache-control": "no-store" }, '{"status":"SERVING"}');
}

/** Answers GET /health/ready: which upstreams can work. */
export async function sendReadiness(out: Outgoing, upstreams: ReadonlyMap<string, Upstream>): Promise<void> {
  const states = await Promise.all(
    [...upstreams].map(async ([name, upstream]) => [name, (await isServing(upstream)) ? "SERVING" : "DOWN"]),
  );
  const isReady = states.every(([, state]) => state === "SERVING");
  const body = { status: isReady ? "SERVING" : "NOT_SERVING", upstreams: Object.fromEntries(states) };
  const headers = { "content-type": jsonType, "cache-control": "no-store" };
  sendWhole(
    out,
    isReady ? 200 : 503,
    isReady ? headers : { ...headers, "retry-after": 1 },
    JSON.stringify(body),
  );
}

/** Whether every upstream can work. */
export async function areReady(upstreams: ReadonlyMap<string, Upstream>): Promise<boolean> {
  return (await Promise.all([...upstreams.values()].map(isServing))).every(Boolean);
}

const asking = new WeakMap<Upstream, Promise<boolean>>();

/** All who ask at the same time share one call: anybody may ask. */
function isServing(upstream: Upstream): Promise<boolean> {
  const asked = asking.get(upstream) ?? ask(upstream).finally(() => asking.delete(upstream));
  asking.set(upstream, asked);
  return asked;
}

async function ask(upstream: Upstream): Promise<boolean> {
  const { message } = await callUnary(upstream, {
    policy,
    headers: {},
    timeoutMs: checkMs,
    message: Buffer.alloc(0),
  });
  return message?.equals(serving) === true;
}
