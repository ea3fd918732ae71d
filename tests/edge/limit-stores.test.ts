import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isGranted, type LimitRequest, type LimitState, limitRequest } from "../../edge/admission/limit.ts";
import { applyBatch, createLimitTable } from "../../edge/admission/limit-table.ts";
import { openRedisStore } from "../../edge/admission/redis-store.ts";
import type { Batch, Store } from "../../edge/admission/store.ts";
import { hasRedis, type RedisServer, redisMissing, startRedisServer } from "../lib/redis-server.ts";
import { rateLimits } from "./lib/admission.ts";

let redis: RedisServer | undefined;
beforeAll(async () => {
  if (hasRedis) redis = await startRedisServer();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
});

const hour = 3_600_000;
let keys = 0;
/** A unique key. */
const newKey = () => {
  keys += 1;
  return `key ${keys}`;
};

const request = (key: string, limit: Partial<LimitRequest> = {}): LimitRequest => ({
  ...limitRequest("org", rateLimits(), key, 1),
  tokens: 4,
  refillMs: 4 * hour,
  callsMax: 100,
  ...limit,
});

/** Applies a batch of a process. Returns whether each call was granted. */
const granted = async (store: Store, batch: Partial<Batch>): Promise<boolean[]> => {
  const whole = { holder: "one", leaseMs: 60_000, held: [], charges: [], calls: [], ...batch };
  return (await store.apply(whole)).map((states) => states.every(isGranted));
};

const times = (count: number, requests: LimitRequest[]): LimitRequest[][] =>
  Array.from({ length: count }, () => requests);

const behaviour = (open: () => Promise<Store>) => {
  test("OK: grants as many as a bucket holds, in one batch or in several, to all processes together", async () => {
    await using store = await open();
    await using other = await open();
    const requests = [request(newKey())];
    expect(await granted(store, { calls: times(2, requests) })).toEqual([true, true]);
    expect(await granted(other, { holder: "two", calls: times(3, requests) })).toEqual([true, true, false]);
    expect(await granted(store, { calls: times(1, requests) })).toEqual([false]);
  });

  test("OK: batches at the same time get no more than there is", async () => {
    await using stack = new AsyncDisposableStack();
    const stores = await Promise.all(Array.from({ length: 5 }, open));
    for (const store of stores) stack.use(store);
    const requests = [
      request(newKey(), { tokens: 20, refillMs: 20 * hour }),
      request(newKey(), { tokens: 50 }),
    ];
    const all = await Promise.all(
      stores.map((store, at) => granted(store, { holder: `${at}`, calls: times(10, requests) })),
    );
    expect(all.flat().filter(Boolean)).toHaveLength(20);
  });

  test("OK: says the same as a table in memory", async () => {
    await using store = await open();
    const table = createLimitTable(() => 0);
    const [one, two] = [newKey(), newKey()];
    const calls = [
      [request(one), request(two, { cost: 3 })],
      [request(one, { cost: 2 })],
      [request(one), request(two, { cost: 3 })],
      [request(one, { cost: 2 })],
      [request(two, { callsMax: 1 })],
      [request(one)],
      [request(one)],
    ];
    const rounded = (states: LimitState[][]) =>
      states.map((all) =>
        all.map(({ backlogMs, waitMs, isBusy }) => [
          Math.ceil(backlogMs / hour),
          Math.ceil(waitMs / hour),
          isBusy,
        ]),
      );
    const answers = await store.apply({ holder: "one", leaseMs: 60_000, held: [], charges: [], calls });
    expect(rounded(answers)).toEqual(rounded(calls.map((requests) => table.acquire("one", requests))));
  });

  test("OK: a turn takes everything or nothing", async () => {
    await using store = await open();
    const [full, empty] = [request(newKey(), { tokens: 1 }), request(newKey(), { tokens: 1 })];
    expect(await granted(store, { calls: [[empty], [full, empty], [full]] })).toEqual([true, false, true]);
  });

  test("OK: an ask without cost takes a place alone, and bytes are counted by the billion", async () => {
    await using store = await open();
    const place = request(newKey(), { cost: 0, callsMax: 2 });
    const bytes = request(newKey(), { tokens: 60e9, cost: 20e9, callsMax: 1e9 });
    expect(await granted(store, { calls: times(3, [place]) })).toEqual([true, true, false]);
    expect(await granted(store, { calls: times(4, [bytes]) })).toEqual([true, true, true, false]);
  });

  test("OK: tokens come back by the store's clock", async () => {
    await using store = await open();
    const requests = [request(newKey(), { tokens: 2, refillMs: 400 })];
    expect(await granted(store, { calls: times(3, requests) })).toEqual([true, true, false]);
    await expect.poll(() => granted(store, { calls: [requests] })).toEqual([true]);
  });

  test("OK: what is owed is waited for, and it is never more than a bucket", async () => {
    await using store = await open();
    const one = request(newKey(), { tokens: 4, refillMs: 4 * hour });
    await store.apply({ holder: "one", leaseMs: 1, held: [], charges: times(9, [one]).flat(), calls: [] });
    const [[state] = []] = await store.apply({
      holder: "one",
      leaseMs: 1,
      held: [],
      charges: [],
      calls: [[one]],
    });
    expect(Math.ceil((state?.waitMs ?? 0) / hour)).toBe(5);
  });

  test("OK: places are counted over all processes, and given back by telling how many are left", async () => {
    await using store = await open();
    const one = request(newKey(), { callsMax: 3, tokens: 100 });
    const { key } = one;
    const requests = [one];
    expect(await granted(store, { calls: times(2, requests) })).toEqual([true, true]);
    expect(await granted(store, { holder: "two", calls: times(2, requests) })).toEqual([true, false]);
    expect(await granted(store, { held: [{ key, permits: 1 }] })).toEqual([]);
    expect(await granted(store, { holder: "two", calls: times(2, requests) })).toEqual([true, false]);
    expect(await granted(store, { held: [{ key, permits: 0 }] })).toEqual([]);
    expect(await granted(store, { calls: times(2, requests) })).toEqual([true, false]);
  });
};

/** The store of an edge with several processes, without their channel. */
const table = createLimitTable();
const openTable = async (): Promise<Store> => ({
  apply: async (batch) => applyBatch(table, batch),
  async [Symbol.asyncDispose]() {},
});

describe("memory", () => behaviour(openTable));

const openRedis = () => openRedisStore(redis?.url ?? "");

describe.skipIf(!hasRedis)(`Redis${redisMissing}`, () => {
  behaviour(openRedis);

  test("OK: the places of a process that is not heard of any more become free", async () => {
    await using store = await openRedis();
    const requests = [request(newKey(), { callsMax: 1, tokens: 100 })];
    expect(await granted(store, { holder: "dead", leaseMs: 2_000, calls: [requests] })).toEqual([true]);
    expect(await granted(store, { calls: [requests] })).toEqual([false]);
    await expect.poll(() => granted(store, { calls: [requests] })).toEqual([true]);
  });

  test("OK: what Redis need not know any more goes by itself", async () => {
    await using store = await openRedisStore(redis?.url ?? "");
    const { createClient } = await import("@redis/client");
    const client = createClient({ url: redis?.url ?? "" });
    await client.connect();
    const key = newKey();
    await granted(store, { leaseMs: 50, calls: [[request(key, { tokens: 1, refillMs: 50 })]] });
    await expect.poll(() => client.keys(`*${key}`)).toEqual([]);
    client.destroy();
  });
});
