import { createClient, type Transport } from "@connectrpc/connect";
import {
  createGrpcTransport as createConnectGrpcTransport,
  createConnectTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EchoService } from "../../gen/sluice/test/v1/echo_pb.ts";
import { startTestEdge, type TestEdge } from "./lib/test-edge.ts";

// Delay until the service notices a disconnected caller or a passed deadline.

const soonMs = 100;
/** The best attempt counts, so that the load of the machine does not. */
const attempts = 20;
const timeoutMs = 500;

let edge: TestEdge;
beforeAll(async () => {
  edge = await startTestEdge();
});
afterAll(() => edge[Symbol.asyncDispose]());

/** A call that lasts until it is cancelled; `wait` has one answer and `count` many. */
type Call = (
  method: "wait" | "count",
  key: string,
  end: { signal?: AbortSignal; timeoutMs?: number },
) => Promise<unknown>;

const over =
  (transport: () => Transport): Call =>
  async (method, key, end) => {
    const client = createClient(EchoService, transport());
    if (method === "wait") return client.wait({ key }, end);
    for await (const _ of client.count({ key, padding: 10 }, end));
  };

const overRest: Call = async (method, key, { signal, timeoutMs: deadlineMs }) => {
  const path = method === "wait" ? `wait/${key}` : `count?key=${key}`;
  const headers: Record<string, string> = deadlineMs ? { "connect-timeout-ms": String(deadlineMs) } : {};
  const answer = await fetch(`${edge.url}/test/v1/${path}`, { headers, ...(signal && { signal }) });
  await answer.text();
};

const baseUrl = () => ({ baseUrl: edge.url });
const protocols: [name: string, call: Call][] = [
  ["REST", overRest],
  ["Connect over HTTP/1.1", over(() => createConnectTransport({ ...baseUrl(), httpVersion: "1.1" }))],
  ["Connect over HTTP/2", over(() => createConnectTransport({ ...baseUrl(), httpVersion: "2" }))],
  ["gRPC-Web", over(() => createGrpcWebTransport({ ...baseUrl(), httpVersion: "1.1" }))],
  ["gRPC", over(() => createConnectGrpcTransport(baseUrl()))],
];

async function bestOf(measure: (attempt: number) => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts && best > soonMs; attempt += 1)
    best = Math.min(best, await measure(attempt));
  return best;
}

describe.each(protocols)("%s", (name, call) => {
  const keyOf = (what: string, attempt: number) => `${what}-${name}-${attempt}`.replaceAll(/[^\w-]/g, "");

  test.each(["wait", "count"] as const)("Canceled: the service hears at once, %s", async (method) => {
    const best = await bestOf(async (attempt) => {
      const key = keyOf(`cancel-${method}`, attempt);
      const stop = new AbortController();
      const ended = call(method, key, { signal: stop.signal }).catch(() => undefined);
      await edge.happenings.begun(key);
      const start = performance.now();
      stop.abort();
      await edge.happenings.cancelled(key);
      const tookMs = performance.now() - start;
      await ended;
      return tookMs;
    });
    expect(best).toBeLessThan(soonMs);
  });

  test.each(["wait", "count"] as const)("DeadlineExceeded: the service hears at once, %s", async (method) => {
    const best = await bestOf(async (attempt) => {
      const key = keyOf(`deadline-${method}`, attempt);
      const start = performance.now();
      const ended = call(method, key, { timeoutMs }).catch(() => undefined);
      const hears = edge.happenings.begun(key).then(() => true);
      // On a busy machine the deadline can pass before the service receives the call.
      if (!(await Promise.race([hears, ended.then(() => false)]))) return Number.POSITIVE_INFINITY;
      await edge.happenings.cancelled(key);
      const tookMs = performance.now() - start - timeoutMs;
      await ended;
      return tookMs;
    });
    expect(best).toBeLessThan(soonMs);
  });
});
