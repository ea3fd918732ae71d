import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Code } from "@connectrpc/connect";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { type Db, openDatabase } from "../../services/lib/database/database.ts";
import { databaseFailure } from "../../services/lib/database/database-failure.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";

const testDatabase = forFile(createTestDatabase);
const database = forFile(() =>
  openDatabase({
    url: testDatabase().urls.storage,
    service: "storage",
    migrationsFolder: fileURLToPath(new URL("../../services/storage/migrations", import.meta.url)),
  }),
);

/** Terminates the connection of a transaction, and waits until its server process has exited. */
async function cutOff(tx: Db): Promise<void> {
  const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
  await testDatabase().sql`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`;
}

const insert = (db: Db, sha256: string) =>
  db.execute(
    sql`insert into storage.blobs (org_id, sha256) values (gen_random_uuid(), ${sha256.repeat(64)})`,
  );

const stored = async () => (await testDatabase().sql`select sha256 from storage.blobs`).length;

const cases: Record<string, (tx: Db) => Promise<unknown>> = {
  "between two statements": async (tx) => {
    await cutOff(tx);
    await insert(tx, "b");
  },
  "before its commit": cutOff,
  "before it fails by itself": async (tx) => {
    await cutOff(tx);
    throw new Error("another failure");
  },
  "in a statement": (tx) => tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`),
};

const inParallel = () =>
  Promise.allSettled(
    Array.from({ length: 20 }, () => database().db.transaction((tx) => tx.execute(sql`select 1`))),
  );

// An uncaught exception would end a process. Here it fails the run, because Vitest reports it.
test.each(Object.keys(cases))(
  "Unavailable: a transaction whose connection ends %s is over, and the next go on",
  async (when) => {
    const call = database().db.transaction(async (tx) => {
      await insert(tx, "a");
      await cases[when]?.(tx);
    });
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(databaseFailure(error)).toMatchObject({ code: Code.Unavailable });
    // By now the driver has sent everything that it would send on the dead connection.
    await sleep(50);
    expect(await stored()).toBe(0);
    // The driver reports the last message of a server to the next statement of that connection, so at most one fails.
    const failed = (await inParallel()).filter(({ status }) => status === "rejected");
    expect(failed.length).toBeLessThanOrEqual(1);
    expect((await inParallel()).every(({ status }) => status === "fulfilled")).toBe(true);
  },
);

test("Unavailable: what a dead transaction still tries reaches no other one", async () => {
  let dead: Db | undefined;
  const call = database().db.transaction(async (tx) => {
    dead = tx;
    await cutOff(tx);
  });
  await expect(call).rejects.toThrow();
  await Promise.all(Array.from({ length: 20 }, () => database().db.execute(sql`select 1`)));
  await expect(insert(dead as Db, "c")).rejects.toThrow();
  expect(await stored()).toBe(0);
});
