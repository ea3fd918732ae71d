import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askOf, isOpen, type Turn } from "../../edge/admission/limit.ts";
import type { Limiter, Verdict } from "../../edge/admission/limiter.ts";
import { createSharedLimiter } from "../../edge/admission/shared-limiter.ts";
import { hasRedis, redisMissing } from "../lib/redis-server.ts";
import { rateLimits } from "./lib/admission.ts";
import { type StoppableStore, stoppablePostgres, stoppableRedis } from "./lib/stoppable-store.ts";

const log = pino({ level: "silent" });
/** A busy machine does not make a process count for itself. */
const patient = { waitMs: 1_800 };
const limits = rateLimits({ org: { callsMax: 1 } });
/** The one place of an organisation. */
const placeOf = (org: string): Turn => [askOf("org", limits, org, 1)];

const tryTake = async (limiter: Limiter, turn: Turn): Promise<Verdict> => await limiter.take(turn);

/** Takes a place if there is one, and gives it back at once. */
async function isFree(limiter: Limiter, turn: Turn): Promise<boolean> {
  const { standings, giveBack } = await tryTake(limiter, turn);
  giveBack?.();
  return standings.every(isOpen);
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
    const holdMs = 2_000;
    await using one = await createSharedLimiter(store.open, log, { ...patient, holdMs, beatMs: 100 });
    const turn = placeOf("long");
    const { giveBack } = await tryTake(one, turn);
    expect(giveBack).toBeDefined();
    const endMs = performance.now() + 1.5 * holdMs;
    while (performance.now() < endMs) expect(await isFree(other, turn)).toBe(false);
    giveBack?.();
    await expect.poll(() => isFree(other, turn)).toBe(true);
  });

  test("OK: the places of a process that died become free", async () => {
    const turn = placeOf("dead");
    {
      await using one = await createSharedLimiter(store.open, log, { ...patient, holdMs: 2_000 });
      expect((await tryTake(one, turn)).giveBack).toBeDefined();
      expect(await isFree(other, turn)).toBe(false);
    }
    await expect.poll(() => isFree(other, turn)).toBe(true);
  });

  test("OK: a place that was granted too late to be waited for is given back", async () => {
    // Neither time nor a beat helps within this test.
    const times = { waitMs: 50, holdMs: 600_000, beatMs: 600_000 };
    await using one = await createSharedLimiter(store.open, log, times);
    const turn = placeOf("late");
    await store.freeze();
    const { giveBack } = await tryTake(one, turn);
    expect(giveBack).toBeDefined();
    giveBack?.();
    await store.thaw();
    await expect.poll(() => isFree(other, turn)).toBe(true);
  });

  test("OK: what was given back last is free when a process has ended", async () => {
    // Neither time nor a beat helps within this test.
    const times = { ...patient, holdMs: 600_000, beatMs: 600_000 };
    const turns = ["last", "very last"].map(placeOf);
    {
      await using one = await createSharedLimiter(store.open, log, times);
      const verdicts = await Promise.all(turns.map((turn) => tryTake(one, turn)));
      for (const { giveBack } of verdicts) giveBack?.();
    }
    for (const turn of turns) expect(await isFree(other, turn)).toBe(true);
  });

  test("OK: a limiter starts soon beside a store that does not answer, and finds it when it does", async () => {
    const turn = placeOf("found");
    expect((await tryTake(other, turn)).giveBack).toBeDefined();
    await store.freeze();
    await using one = await createSharedLimiter(store.open, log, patient);
    expect(await isFree(one, turn)).toBe(true);
    await store.thaw();
    await expect.poll(() => isFree(one, turn)).toBe(false);
  });
};

describe.skipIf(!hasRedis).each([[`Redis${redisMissing}`, stoppableRedis]])("%s", behaviour);
describe.each([["PostgreSQL", stoppablePostgres]])("%s", behaviour);
