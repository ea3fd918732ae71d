import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isGranted, type LimitRequest, limitRequest } from "../../edge/admission/limit.ts";
import type { Acquisition, Limiter } from "../../edge/admission/limiter.ts";
import { createSharedLimiter } from "../../edge/admission/shared-limiter.ts";
import { hasRedis, redisMissing } from "../lib/redis-server.ts";
import { rateLimits } from "./lib/admission.ts";
import { type StoppableStore, stoppableRedis } from "./lib/stoppable-store.ts";

const log = pino({ level: "silent" });
/** Long enough that a busy machine does not fall back to local counting. */
const patient = { waitMs: 1_800 };
const limits = rateLimits({ org: { callsMax: 1 } });
/** The only permit of an organisation. */
const permitOf = (org: string): readonly LimitRequest[] => [limitRequest("org", limits, org, 1)];

const tryAcquire = async (limiter: Limiter, requests: readonly LimitRequest[]): Promise<Acquisition> =>
  await limiter.acquire(requests);

/** Whether a permit is free. Acquires and releases it. */
async function isFree(limiter: Limiter, requests: readonly LimitRequest[]): Promise<boolean> {
  const { states, release } = await tryAcquire(limiter, requests);
  release?.();
  return states.every(isGranted);
}

const behaviour = (_: string, startStore: () => Promise<StoppableStore>) => {
  let store: StoppableStore;
  let other: Limiter;
  beforeAll(async () => {
    store = await startStore();
    other = await createSharedLimiter(store.open, log, patient);
  });
  afterAll(async () => {
    await other[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  test("OK: a place stays taken as long as its call lives", async () => {
    const leaseMs = 2_000;
    await using one = await createSharedLimiter(store.open, log, { ...patient, leaseMs, renewMs: 100 });
    const requests = permitOf("long");
    const { release } = await tryAcquire(one, requests);
    expect(release).toBeDefined();
    const endMs = performance.now() + 1.5 * leaseMs;
    while (performance.now() < endMs) expect(await isFree(other, requests)).toBe(false);
    release?.();
    await expect.poll(() => isFree(other, requests)).toBe(true);
  });

  test("OK: the places of a process that died become free", async () => {
    const requests = permitOf("dead");
    {
      await using one = await createSharedLimiter(store.open, log, { ...patient, leaseMs: 2_000 });
      expect((await tryAcquire(one, requests)).release).toBeDefined();
      expect(await isFree(other, requests)).toBe(false);
    }
    await expect.poll(() => isFree(other, requests)).toBe(true);
  });

  test("OK: a place that was granted too late to be waited for is given back", async () => {
    // Neither a lease nor a renewal expires during this test.
    const times = { waitMs: 50, leaseMs: 600_000, renewMs: 600_000 };
    await using one = await createSharedLimiter(store.open, log, times);
    const requests = permitOf("late");
    await store.freeze();
    const { release } = await tryAcquire(one, requests);
    expect(release).toBeDefined();
    release?.();
    await store.thaw();
    await expect.poll(() => isFree(other, requests)).toBe(true);
  });

  test("OK: what was given back last is free when a process has ended", async () => {
    // Neither a lease nor a renewal expires during this test.
    const times = { ...patient, leaseMs: 600_000, renewMs: 600_000 };
    const calls = ["last", "very last"].map(permitOf);
    {
      await using one = await createSharedLimiter(store.open, log, times);
      const acquisitions = await Promise.all(calls.map((requests) => tryAcquire(one, requests)));
      for (const { release } of acquisitions) release?.();
    }
    for (const requests of calls) expect(await isFree(other, requests)).toBe(true);
  });

  test("OK: a limiter starts soon beside a store that does not answer, and finds it when it does", async () => {
    const requests = permitOf("found");
    expect((await tryAcquire(other, requests)).release).toBeDefined();
    await store.freeze();
    await using one = await createSharedLimiter(store.open, log, patient);
    expect(await isFree(one, requests)).toBe(true);
    await store.thaw();
    await expect.poll(() => isFree(one, requests)).toBe(false);
  });
};

describe.skipIf(!hasRedis).each([[`Redis${redisMissing}`, stoppableRedis]])("%s", behaviour);
