import { jsonType, type Outgoing, sendWhole } from "./rest/outgoing.ts";
import type { Upstream } from "./upstream.ts";

/** How long an upstream may take to say how it is, in milliseconds. */
const checkMs = 2_000;

/** grpc.health.v1.HealthCheckResponse with status SERVING. */
const serving = Buffer.from([0x08, 0x01]);

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

function isServing({ transport: { client } }: Upstream): Promise<boolean> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      Buffer.alloc(0),
      { deadline: Date.now() + checkMs },
      (error, answer) => resolve(!error && answer?.equals(serving) === true),
    );
  });
}
