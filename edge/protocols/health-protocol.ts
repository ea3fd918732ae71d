import { methodNotAllowed } from "../errors/http-error.ts";
import type { Exchange } from "../http/exchange.ts";
import { jsonType, sendWhole } from "../http/send.ts";
import { callUnary } from "../upstream/call-unary.ts";
import { serving } from "../upstream/connections/health-watch.ts";
import type { CallPolicy } from "../upstream/policy.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { Protocol } from "./protocol.ts";

const livePath = "/health";
const readyPath = "/health/ready";
const methods = ["GET", "HEAD"];
const headers = { "content-type": jsonType, "cache-control": "no-store" };

/** Timeout of a check, in milliseconds. */
const checkMs = 2_000;

/** Not repeated: a check reports the state of this moment. */
const policy: CallPolicy = {
  path: "/grpc.health.v1.Health/Check",
  mayRetry: () => false,
  hedging: undefined,
};

/** Health checks of load balancers: `/health` reports that the process runs, `/health/ready` which upstreams are serving. */
export const createHealthProtocol = (upstreams: ReadonlyMap<string, Upstream>): Protocol => ({
  name: "health",
  claims: ({ path }) => path === livePath || path === readyPath,
  async handle(exchange) {
    exchange.route = exchange.path;
    if (!methods.includes(exchange.request.method ?? "")) throw methodNotAllowed(methods);
    await (exchange.path === livePath ? sendLiveness(exchange) : sendReadiness(exchange, upstreams));
  },
});

function sendLiveness(exchange: Exchange): void {
  sendWhole(exchange, 200, headers, '{"status":"SERVING"}');
}

async function sendReadiness(exchange: Exchange, upstreams: ReadonlyMap<string, Upstream>): Promise<void> {
  const states = await Promise.all(
    [...upstreams].map(async ([name, upstream]) => [name, (await isServing(upstream)) ? "SERVING" : "DOWN"]),
  );
  const isReady = states.every(([, state]) => state === "SERVING");
  const body = { status: isReady ? "SERVING" : "NOT_SERVING", upstreams: Object.fromEntries(states) };
  if (isReady) sendWhole(exchange, 200, headers, JSON.stringify(body));
  else sendWhole(exchange, 503, { ...headers, "retry-after": 1 }, JSON.stringify(body));
}

/** Whether every upstream can work. */
export async function areReady(upstreams: ReadonlyMap<string, Upstream>): Promise<boolean> {
  return (await Promise.all([...upstreams.values()].map(isServing))).every(Boolean);
}

const running = new WeakMap<Upstream, Promise<boolean>>();

/** Concurrent checks of an upstream share one call, because they need no credential. */
function isServing(upstream: Upstream): Promise<boolean> {
  const result = running.get(upstream) ?? check(upstream).finally(() => running.delete(upstream));
  running.set(upstream, result);
  return result;
}

async function check(upstream: Upstream): Promise<boolean> {
  const { message } = await callUnary(upstream, {
    policy,
    headers: {},
    timeoutMs: checkMs,
    message: Buffer.alloc(0),
  });
  return message?.equals(serving) === true;
}
