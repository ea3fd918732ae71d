import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ask, askOf, isOpen, type Standing, type Turn } from "../../edge/admission/limit.ts";
import { openPostgresStore } from "../../edge/admission/postgres-store.ts";
import { openRedisStore } from "../../edge/admission/redis-store.ts";
import type { Batch, Store } from "../../edge/admission/store.ts";
import { createTable } from "../../edge/admission/table.ts";
import { hasRedis, type RedisServer, redisMissing, startRedisServer } from "../lib/redis-server.ts";
import { createForeignDatabase } from "../lib/test-database.ts";
import { rateLimits } from "./lib/admission.ts";

let redis: RedisServer | undefined;
let database: Awaited<ReturnType<typeof createForeignDatabase>>;
beforeAll(async () => {
  if (hasRedis) redis = await startRedisServer();
  database = await createForeignDatabase();
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const hour = 3_600_000;
let keys = 0;
/** A key that no other test has. */
const newKey = () => {
  keys += 1;
  return `key ${keys}`;
};

const ask = (key: string, limit: Partial<Ask> = {}): Ask => ({
  ...askOf("org", rateLimits(), key, 1),
  tokens: 4,
  refillMs: 4 * hour,
  callsMax: 100,
  ...limit,
});

/** Applies batches of a process, and answers which turns were granted. */
const granted = async (store: Store, batch: Partial<Batch>): Promise<boolean[]> => {
  const whole = { holder: "one", holdMs: 60_000, held: [], charges: [], turns: [], ...batch };
  return (await store.apply(whole)).map((standings) => standings.every(isOpen));
};

const times = (count: number, turn: Turn): Turn[] => Array.from({ length: count }, () => turn);

const behaviour = (_: string, open: () => Promise<Store>) => {
  test("OK: grants as many as a bucket holds, in one batch or in several, to all processes together", async () => {
    await using store = await open();
    await using other = await open();
    const turn = [ask(newKey())];
    expect(await granted(store, { turns: times(2, turn) })).toEqual([true, true]);
    expect(await granted(other, { holder: "two", turns: times(3, turn) })).toEqual([true, true, false]);
    expect(await granted(store, { turns: times(1, turn) })).toEqual([false]);
  });

  test("OK: batches at the same time get no more than there is", async () => {
    await using stack = new AsyncDisposableStack();
    const stores = await Promise.all(Array.from({ length: 5 }, open));
    for (const store of stores) stack.use(store);
    const turn = [ask(newKey(), { tokens: 20, refillMs: 20 * hour }), ask(newKey(), { tokens: 50 })];
    const all = await Promise.all(
      stores.map((store, at) => granted(store, { holder: `${at}`, turns: times(10, turn) })),
    );
    expect(all.flat().filter(Boolean)).toHaveLength(20);
  });

  test("OK: says the same as a table in memory", async () => {
    await using store = await open();
    const table = createTable(() => 0);
    const [one, two] = [newKey(), newKey()];
    const turns = [
      [ask(one), ask(two, { cost: 3 })],
      [ask(one, { cost: 2 })],
      [ask(one), ask(two, { cost: 3 })],
      [ask(one, { cost: 2 })],
      [ask(two, { callsMax: 1 })],
      [ask(one)],
      [ask(one)],
    ];
    const rounded = (standings: Standing[][]) =>
      standings.map((all) =>
        all.map(({ backlogMs, waitMs, isBusy }) => [
          Math.ceil(backlogMs / hour),
          Math.ceil(waitMs / hour),
          isBusy,
        ]),
      );
    const answers = await store.apply({ holder: "one", holdMs: 60_000, held: [], charges: [], turns });
    expect(rounded(answers)).toEqual(rounded(turns.map((turn) => table.take("one", turn))));
  });

  test("OK: a turn takes everything or nothing", async () => {
    await using store = await open();
    const [full, empty] = [ask(newKey(), { tokens: 1 }), ask(newKey(), { tokens: 1 })];
    expect(await granted(store, { turns: [[empty], [full, empty], [full]] })).toEqual([true, false, true]);
  });

  test("OK: an ask without cost takes a place alone, and bytes are counted by the billion", async () => {
    await using store = await open();
    const place = ask(newKey(), { cost: 0, callsMax: 2 });
    const bytes = ask(newKey(), { tokens: 60e9, cost: 20e9, callsMax: 1e9 });
    expect(await granted(store, { turns: times(3, [place]) })).toEqual([true, true, false]);
    expect(await granted(store, { turns: times(4, [bytes]) })).toEqual([true, true, true, false]);
  });

  test("OK: tokens come back by the store's clock", async () => {
    await using store = await open();
    const turn = [ask(newKey(), { tokens: 2, refillMs: 400 })];
    expect(await granted(store, { turns: times(3, turn) })).toEqual([true, true, false]);
    await expect.poll(() => granted(store, { turns: [turn] })).toEqual([true]);
  });

  test("OK: what is owed is waited for, and it is never more than a bucket", async () => {
    await using store = await open();
    const one = ask(newKey(), { tokens: 4, refillMs: 4 * hour });
    await store.apply({ holder: "one", holdMs: 1, held: [], charges: times(9, [one]).flat(), turns: [] });
    const [[standing] = []] = await store.apply({
      holder: "one",
      holdMs: 1,
      held: [],
      charges: [],
      turns: [[one]],
    });
    expect(Math.ceil((standing?.waitMs ?? 0) / hour)).toBe(5);
  });

  test("OK: places are counted over all processes, and given back by telling how many are left", async () => {
    await using store = await open();
    const one = ask(newKey(), { callsMax: 3, tokens: 100 });
    const { key } = one;
    const turn = [one];
    expect(await granted(store, { turns: times(2, turn) })).toEqual([true, true]);
    expect(await granted(store, { holder: "two", turns: times(2, turn) })).toEqual([true, false]);
    expect(await granted(store, { held: [{ key, calls: 1 }] })).toEqual([]);
    expect(await granted(store, { holder: "two", turns: times(2, turn) })).toEqual([true, false]);
    expect(await granted(store, { held: [{ key, calls: 0 }] })).toEqual([]);
    expect(await granted(store, { turns: times(2, turn) })).toEqual([true, false]);
  });

  test("OK: the places of a process that is not heard of any more become free", async () => {
    await using store = await open();
    const turn = [ask(newKey(), { callsMax: 1, tokens: 100 })];
    expect(await granted(store, { holder: "dead", holdMs: 2_000, turns: [turn] })).toEqual([true]);
    expect(await granted(store, { turns: [turn] })).toEqual([false]);
    await expect.poll(() => granted(store, { turns: [turn] })).toEqual([true]);
  });
};

describe.skipIf(!hasRedis).each([[`Redis${redisMissing}`, () => openRedisStore(redis?.url ?? "")]])(
  "%s",
  behaviour,
);
describe.each([["PostgreSQL", () => openPostgresStore(database.url)]])("%s", behaviour);

test("OK: what PostgreSQL need not know any more is removed", async () => {
  await using store = await openPostgresStore(database.url);
  const { forgetStatement } = await import("../../edge/admission/postgres-statements.ts");
  const key = newKey();
  await granted(store, { holdMs: 1, turns: [[ask(key, { tokens: 1, refillMs: 1 })]] });
  const rows = () => database.sql`
    select key from edge_limits.buckets where key = ${ask(key).key}
    union all select key from edge_limits.places where key = ${ask(key).key}`;
  expect(await rows()).toHaveLength(2);
  await expect
    .poll(async () => {
      await database.sql.unsafe(forgetStatement);
      return (await rows()).length;
    })
    .toBe(0);
});

test("OK: what PostgreSQL forgets waits for no batch, which keeps what it has", async () => {
  await using store = await openPostgresStore(database.url);
  const { forgetStatement } = await import("../../edge/admission/postgres-statements.ts");
  const [one = "", other = ""] = [newKey(), newKey()].map((key) => ask(key).key);
  for (const key of [one, other]) {
    await granted(store, { turns: [[{ ...ask(""), key }]] });
  }
  const { sql } = database;
  // Times are up for both of them.
  await sql`update edge_limits.buckets set full_at_ms = 1`;
  await sql`update edge_limits.places set until_ms = 1`;
  await sql.begin(async (batch) => {
    const later = Date.now() + hour;
    await batch`update edge_limits.buckets set full_at_ms = ${later} where key = ${one}`;
    await batch`update edge_limits.places set until_ms = ${later} where key = ${one}`;
    await sql.begin(async (forgetting) => {
      await forgetting`set local lock_timeout = '1s'`;
      await forgetting.unsafe(forgetStatement);
    });
  });
  const left = await sql`
    select key from edge_limits.buckets where key in ${sql([one, other])}
    union all select key from edge_limits.places where key in ${sql([one, other])}`;
  expect(left.map(({ key }) => key)).toEqual([one, one]);
});

test.skipIf(!hasRedis)(`OK: what Redis need not know any more goes by itself${redisMissing}`, async () => {
  await using store = await openRedisStore(redis?.url ?? "");
  const { createClient } = await import("@redis/client");
  const client = createClient({ url: redis?.url ?? "" });
  await client.connect();
  const key = newKey();
  await granted(store, { holdMs: 50, turns: [[ask(key, { tokens: 1, refillMs: 50 })]] });
  await expect.poll(() => client.keys(`*${key}`)).toEqual([]);
  client.destroy();
});
