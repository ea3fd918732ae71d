import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { Code } from "@connectrpc/connect";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { type Database, openDatabase } from "../../services/lib/database/database.ts";
import { databaseFailure } from "../../services/lib/database/database-failure.ts";
import { type Call, withinCall } from "../../services/lib/rpc/call.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";

const openStorage = (url: string): Promise<Database> =>
  openDatabase({
    url,
    service: "storage",
    migrationsFolder: fileURLToPath(new URL("../../services/storage/migrations", import.meta.url)),
  });

// Awaiting a statement sends it, so the await has to be within the call, too.
const within = <T>(signal: AbortSignal, work: () => PromiseLike<T>): Promise<T> =>
  withinCall({ signal, requestId: "", principal: undefined, traceparent: undefined } as Call, async () =>
    work(),
  );

/** Size of the pool. */
const connections = 10;
const onEachConnection = <T>(work: () => PromiseLike<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: connections }, work));

const lockKey = 42;
const waitForLock = sql.raw(`select pg_advisory_xact_lock(${lockKey})`);

/** Holds the lock that `waitForLock` waits for, until released. */
async function holdLock({ sql: admin }: TestDatabase): Promise<{ release(): Promise<void> }> {
  const { promise: held, resolve: taken } = Promise.withResolvers<void>();
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const holding = admin.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${lockKey})`;
    taken();
    await done;
  });
  await held;
  return {
    async release() {
      finish();
      await holding;
    },
  };
}

/** Resolves when this many connections wait for the lock. */
async function untilWaiting({ sql: admin }: TestDatabase, count: number): Promise<void> {
  let waiting: number;
  do {
    const [row] = await admin`select count(*)::int as waiting from pg_locks
      join pg_database on pg_database.oid = database
      where datname = current_database() and locktype = 'advisory' and not granted`;
    waiting = row?.waiting;
  } while (waiting !== count);
}

/** A TCP relay to the database that can refuse new connections. */
async function relayTo(url: string) {
  const target = new URL(url);
  const ends: Socket[] = [];
  const server = createServer((socket) => {
    const upstream = connect(`${decodeURIComponent(target.hostname)}/.s.PGSQL.${target.port}`);
    for (const end of [socket, upstream]) ends.push(end.on("error", () => {}));
    socket.pipe(upstream).pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: url.replace(/@[^/]*/, `@127.0.0.1:${port}`),
    refuse: () => server.close(),
    async [Symbol.asyncDispose]() {
      for (const end of ends) end.destroy();
    },
  };
}

test("Canceled: a statement that runs is stopped in the server", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await openStorage(testDatabase.urls.storage);
  const lock = await holdLock(testDatabase);
  const caller = new AbortController();
  const call = within(caller.signal, () => database.db.execute(waitForLock)).catch((error) => error);
  await untilWaiting(testDatabase, 1);
  caller.abort();
  expect((await call).cause).toMatchObject({ code: "57014" });
  await lock.release();
});

test("Canceled: a statement that waits while it is prepared is stopped in the server", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await openStorage(testDatabase.urls.storage);
  const caller = new AbortController();
  await testDatabase.sql.begin(async (tx) => {
    await tx`lock table storage.blobs`;
    const [locker] = await tx`select pg_backend_pid() as pid`;
    const call = within(caller.signal, () =>
      database.db.execute(sql`select sha256 from storage.blobs where sha256 = ${"a"}`),
    ).catch((error) => error);
    const waiting = () =>
      testDatabase.sql`select pid from pg_stat_activity where ${locker?.pid} = any(pg_blocking_pids(pid))`;
    await expect.poll(async () => (await waiting()).length).toBe(1);
    caller.abort();
    expect((await call).cause).toMatchObject({ code: "57014" });
  });
});

// An unhandled rejection would end a process. Here it fails the run, because Vitest reports it.
test("OK: a cancellation that finds no server ends nothing but itself", async () => {
  await using testDatabase = await createTestDatabase();
  await using relay = await relayTo(testDatabase.urls.storage);
  await using database = await openStorage(relay.url);
  const lock = await holdLock(testDatabase);
  const caller = new AbortController();
  const ended = within(caller.signal, () => database.db.transaction((tx) => tx.execute(waitForLock)));
  await untilWaiting(testDatabase, 1);
  relay.refuse();
  caller.abort();
  // The connection is refused before the response to the release arrives.
  await lock.release();
  expect(await ended).toHaveLength(1);
});

test("OK: the statement behind one that was cancelled gets its own rows", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await openStorage(testDatabase.urls.storage);
  const lock = await holdLock(testDatabase);
  // Statements without parameters are pipelined behind the running one, once all connections are open and busy.
  await onEachConnection(() => database.db.execute(sql.raw("select 1")));
  const busy = onEachConnection(() => database.db.execute(waitForLock));
  await untilWaiting(testDatabase, connections);
  const caller = new AbortController();
  const cancelled = onEachConnection(() =>
    within(caller.signal, () => database.db.execute(sql.raw("select 'cancelled' as text"))).catch(() => {}),
  );
  const next = onEachConnection(() => database.db.execute(sql.raw("select 'own' as text")));
  await new Promise(setImmediate);
  caller.abort();
  await lock.release();
  expect(await next).toEqual(Array(connections).fill([{ text: "own" }]));
  await Promise.all([busy, cancelled]);
});

test("OK: a call that ends while its connection is made leaves the connection to others", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await openStorage(testDatabase.urls.storage);
  const caller = new AbortController();
  const ended = onEachConnection(() =>
    within(caller.signal, () => database.db.execute(sql`select 1`)).catch(() => {}),
  );
  setImmediate(() => caller.abort());
  await ended;
  expect(await database.db.execute(sql`select 2 as two`)).toEqual([{ two: 2 }]);
});

test("Canceled: a transaction whose statements wait for each other gives its connection back", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await openStorage(testDatabase.urls.storage);
  const lock = await holdLock(testDatabase);
  const caller = new AbortController();
  const ended = onEachConnection(() =>
    within(caller.signal, () =>
      database.db.transaction((tx) =>
        Promise.all([waitForLock, sql`select ${1}::int`, sql`select 2`].map((text) => tx.execute(text))),
      ),
    ).catch((error) => error.cause.code),
  );
  await untilWaiting(testDatabase, connections);
  caller.abort();
  expect(await ended).toEqual(Array(connections).fill("57014"));
  await lock.release();
  expect(await database.db.execute(sql`select 2 as two`)).toEqual([{ two: 2 }]);
});

test("Unavailable: a statement that a cancellation for another one hits", async () => {
  await using testDatabase = await createTestDatabase();
  await using database = await openStorage(testDatabase.urls.storage);
  const lock = await holdLock(testDatabase);
  const ended = database.db.execute(waitForLock).catch((error) => databaseFailure(error));
  await untilWaiting(testDatabase, 1);
  await testDatabase.sql`select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event = 'advisory'`;
  expect(await ended).toMatchObject({ code: Code.Unavailable });
  await lock.release();
});
