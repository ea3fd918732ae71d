import { request as http1Request } from "node:http";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limitRequest } from "../../edge/admission/limit.ts";
import { createSharedLimiter } from "../../edge/admission/shared-limiter.ts";
import { hasRedis, redisMissing } from "../lib/redis-server.ts";
import { rateLimits } from "./lib/admission.ts";
import { http1 } from "./lib/raw-http.ts";
import { type StoppableStore, stoppableRedis } from "./lib/stoppable-store.ts";
import { startTestEdge, type TestEdge, tokenOf } from "./lib/test-edge.ts";

const hour = 3_600_000;
/** A user has 400 tokens, which do not refill during a test, and one permit. */
const limits = rateLimits({
  address: { tokens: 1_000_000 },
  user: { tokens: 400, refillMs: 400 * hour, callsMax: 1 },
  org: { tokens: 6, refillMs: 6 * hour },
});

/** Long enough that a busy machine does not fall back to local counting. */
const patient = { waitMs: 1_800 };

async function startEdge(
  store: StoppableStore,
  times: { waitMs?: number },
): Promise<TestEdge & { lines: string[] }> {
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line) => lines.push(line) });
  const limiter = await createSharedLimiter(store.open, log, times);
  const edge = await startTestEdge({ admission: { limiter, limits } });
  return {
    ...edge,
    lines,
    async [Symbol.asyncDispose]() {
      await limiter[Symbol.asyncDispose]();
      await edge[Symbol.asyncDispose]();
    },
  };
}

const echo = (edge: TestEdge, org: string, user = "u") =>
  http1(edge.port, "/test/v1/echo", {
    method: "POST",
    headers: { "content-type": "application/json", ...tokenOf(org, user) },
    body: "{}",
  });

const statusOf = async (edge: TestEdge, org: string, user?: string) => (await echo(edge, org, user)).status;

/** Takes all tokens of an organisation directly from the store. */
async function spend(store: StoppableStore, org: string): Promise<void> {
  await using direct = await store.open();
  const all = limitRequest("org", limits, org, 6);
  await direct.apply({ holder: "test", leaseMs: 1, held: [], charges: [all], calls: [] });
}

function upload(edge: TestEdge, org: string, bytes: number) {
  const headers = { ...tokenOf(org, "u"), "transfer-encoding": "chunked" };
  const path = "/test/v1/uploads?name=x";
  const request = http1Request({ port: edge.port, path, method: "POST", agent: false, headers });
  request.on("error", () => undefined);
  request.write(Buffer.alloc(bytes));
  return request;
}

const behaviour = (_: string, startStore: () => Promise<StoppableStore>) => {
  let store: StoppableStore;
  let one: Awaited<ReturnType<typeof startEdge>>;
  let two: Awaited<ReturnType<typeof startEdge>>;
  beforeAll(async () => {
    store = await startStore();
    one = await startEdge(store, patient);
    two = await startEdge(store, patient);
  });
  afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  test("429: two edges share one budget, to the call", async () => {
    const edges = [one, two, one, two, one, two, one, two];
    const statuses = [];
    for (const [at, edge] of edges.entries()) statuses.push(await statusOf(edge, "shared", `user-${at}`));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
    const flood = await Promise.all(
      Array.from({ length: 40 }, (_, at) => statusOf(at % 2 ? one : two, "flood", `user-${at}`)),
    );
    expect(flood.filter((status) => status === 200)).toHaveLength(6);
    expect(flood.filter((status) => status === 429)).toHaveLength(34);
  });

  test("429: a call in one edge has its place in the other, until its caller is gone", async () => {
    const uploading = upload(one, "places", 2 ** 20);
    await one.happenings.begun("upload");
    expect(await statusOf(two, "places")).toBe(429);
    uploading.destroy();
    await expect.poll(() => statusOf(two, "places")).toBe(200);
  });

  test("OK: while the store hangs, calls are answered, and local limits hold", async () => {
    await using edge = await startEdge(store, {});
    await spend(store, "hung");
    expect(await statusOf(one, "hung")).toBe(429);
    await store.freeze();
    try {
      expect(await statusOf(edge, "hung")).toBe(200);
      const statuses = [];
      for (let made = 0; made < 6; made += 1) statuses.push(await statusOf(edge, "hung"));
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    } finally {
      await store.thaw();
    }
    // The tokens are used up in the store, not in a process.
    for (const [at, thawed] of [edge, one, two].entries()) {
      await expect
        .poll(async () => {
          await spend(store, `thawed-${at}`);
          return statusOf(thawed, `thawed-${at}`);
        })
        .toBe(429);
    }
  });

  test("OK: when the store is gone, local limits hold, and when it is back, the shared ones", async () => {
    const uploading = upload(one, "kept", 2 ** 22);
    await expect.poll(() => one.happenings.sent("upload")).toBeGreaterThan(2 ** 20);
    await store.kill();
    const statuses = [];
    for (let made = 0; made < 7; made += 1) statuses.push(await statusOf(one, "gone"));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429]);
    await store.start();
    // A store that has lost its state is told of the permit again. An edge detects its store by retrying.
    await expect.poll(async () => (await echo(two, "kept")).body).toContain("CONCURRENCY_LIMIT_EXCEEDED");
    uploading.destroy();
    await spend(store, "back");
    await expect.poll(() => statusOf(one, "back")).toBe(429);
    expect(await statusOf(two, "back")).toBe(429);
  });
};

describe.skipIf(!hasRedis).each([[`Redis${redisMissing}`, stoppableRedis]])("%s", behaviour);

test.skipIf(!hasRedis)(`OK: an edge starts without its store${redisMissing}`, async () => {
  const store = await stoppableRedis();
  await store.kill();
  await using edge = await startEdge(store, patient);
  expect(await statusOf(edge, "early")).toBe(200);
  await store.start();
  await expect.poll(() => edge.lines.join("")).toContain("the store of the rate limits is back");
  await spend(store, "later");
  expect(await statusOf(edge, "later")).toBe(429);
  await store[Symbol.asyncDispose]();
});
