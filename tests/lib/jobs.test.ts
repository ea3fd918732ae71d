import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import type postgres from "postgres";
import { expect, test } from "vitest";
import type { Db } from "../../services/lib/database/database.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import type { Jobs } from "../../services/lib/jobs/jobs.ts";
import { endProcess } from "./end-process.ts";
import { openJobsAlone } from "./open-jobs.ts";
import { startStoppableDatabase } from "./stoppable-database.ts";
import { createForeignDatabase } from "./test-database.ts";

const queue = "letters";
/**
 * A dead worker's job is claimed again after ten seconds without a heartbeat and one or two seconds until that is noticed, or
 * later on a busy machine. By default, pg-boss would take more than a minute.
 */
const retakenMs = 30_000;

type Letter = { name: string };

/** A database with the table `notes`, in which jobs record their progress. */
async function withNotes() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createForeignDatabase());
  await database.sql`create table notes (id bigserial, word text, name text)`;
  const jobs = stack.use(await openJobsAlone(database.url));
  const owned = stack.move();
  const db: Db = drizzle({ client: connectedFor(owned, database.url) });
  return { ...database, db, jobs, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

function connectedFor(stack: AsyncDisposableStack, url: string): postgres.Sql {
  const sql = connectPostgres(url, { max: 2 });
  stack.defer(() => sql.end({ timeout: 1 }));
  return sql;
}

const enqueue = (jobs: Jobs, db: Db, name: string, key?: string) =>
  db.transaction((tx) =>
    jobs.enqueue(tx, queue, { name } satisfies Letter, key === undefined ? {} : { key }),
  );

/** Resolves with the names of the first jobs that are done. */
function collect(count: number) {
  const { promise, resolve } = Promise.withResolvers<string[]>();
  const names: string[] = [];
  const handler = async ({ name }: Letter) => {
    names.push(name);
    if (names.length === count) resolve(names);
  };
  return { promise, handler };
}

async function spawnWorker(url: string): Promise<ChildProcess & AsyncDisposable> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "job-process.ts"), url, queue], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return Object.assign(child, { [Symbol.asyncDispose]: () => endProcess(child) });
}

const words = (sql: postgres.Sql) => async () =>
  (await sql`select word from notes order by id`).map(({ word }) => word);

test("OK: a job of a transaction that commits is done, and none of one that fails", async () => {
  await using notes = await withNotes();
  await expect(
    notes.db.transaction(async (tx) => {
      await notes.jobs.enqueue(tx, queue, { name: "rolled back" });
      throw new Error("rolled back");
    }),
  ).rejects.toThrow("rolled back");
  await enqueue(notes.jobs, notes.db, 'committed "ü😀"');
  const done = collect(1);
  await notes.jobs.work(queue, { concurrency: 2 }, done.handler);
  expect(await done.promise).toEqual(['committed "ü😀"']);
});

test("OK: workers are told of a job when its transaction commits", async () => {
  await using notes = await withNotes();
  const { promise: notified, resolve } = Promise.withResolvers<string>();
  await notes.sql.listen("staging_jobs", resolve);
  await enqueue(notes.jobs, notes.db, "a");
  expect(await notified).toBe(queue);
});

test("OK: there is at most one job of a key, waiting or running, and another once it has ended", async () => {
  await using notes = await withNotes();
  await Promise.all(["a", "b", "c"].map((name) => enqueue(notes.jobs, notes.db, name, "same")));
  await enqueue(notes.jobs, notes.db, "other", "other");
  const began: string[] = [];
  const release = new EventTarget();
  await notes.jobs.work<Letter>(queue, { concurrency: 5 }, async ({ name }) => {
    began.push(name);
    await once(release, "go");
  });
  await expect.poll(() => began.length, { timeout: retakenMs }).toBe(2);
  await enqueue(notes.jobs, notes.db, "while it runs", "same");
  release.dispatchEvent(new Event("go"));
  const active = async () =>
    (await notes.sql`select 1 from staging_jobs.job where state < 'completed'`).length;
  await expect.poll(active, { timeout: retakenMs }).toBe(0);
  await enqueue(notes.jobs, notes.db, "afterwards", "same");
  await expect.poll(() => began, { timeout: retakenMs }).toContain("afterwards");
  release.dispatchEvent(new Event("go"));
  expect(began).toHaveLength(3);
  expect(began).not.toContain("while it runs");
});

test("OK: a job whose handler throws comes again", async () => {
  await using notes = await withNotes();
  await enqueue(notes.jobs, notes.db, "stubborn");
  const done = collect(3);
  await notes.jobs.work<Letter>(queue, { concurrency: 1 }, async (letter) => {
    await done.handler(letter);
    throw new Error("again");
  });
  expect(await done.promise).toEqual(["stubborn", "stubborn", "stubborn"]);
});

test("OK: the job of a killed worker is retaken soon", async () => {
  await using notes = await withNotes();
  await using child = await spawnWorker(notes.url);
  await enqueue(notes.jobs, notes.db, "orphan");
  await expect.poll(words(notes.sql), { timeout: retakenMs }).toEqual(["began elsewhere"]);
  child.kill("SIGKILL");
  const done = collect(1);
  await notes.jobs.work(queue, { concurrency: 1 }, done.handler);
  expect(await done.promise).toEqual(["orphan"]);
});

test("OK: a worker that was stopped for long learns that it lost its job, and does not settle it", async () => {
  await using notes = await withNotes();
  await using child = await spawnWorker(notes.url);
  await enqueue(notes.jobs, notes.db, "sleeper");
  await expect.poll(words(notes.sql), { timeout: retakenMs }).toEqual(["began elsewhere"]);
  child.kill("SIGSTOP");
  const began = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  await notes.jobs.work(queue, { concurrency: 1 }, async () => {
    began.resolve();
    await finish.promise;
  });
  await began.promise;
  child.kill("SIGCONT");
  await expect.poll(words(notes.sql), { timeout: retakenMs }).toContain("lost elsewhere");
  const states = async () =>
    (await notes.sql`select state::text from staging_jobs.job`).map(({ state }) => state);
  expect(await states()).toEqual(["active"]);
  finish.resolve();
  await expect.poll(states, { timeout: retakenMs }).toEqual(["completed"]);
});

test("OK: a stop ends running jobs by their signal, and another process has them at once", async () => {
  await using notes = await withNotes();
  await enqueue(notes.jobs, notes.db, "handed over");
  const first = await openJobsAlone(notes.url);
  const began = Promise.withResolvers<void>();
  await first.work(queue, { concurrency: 1 }, async (_letter, signal) => {
    began.resolve();
    await once(signal, "abort");
    signal.throwIfAborted();
  });
  await began.promise;
  await first[Symbol.asyncDispose]();
  expect((await notes.sql`select state::text from staging_jobs.job`).map(({ state }) => state)).toEqual([
    "retry",
  ]);
  const done = collect(1);
  await notes.jobs.work(queue, { concurrency: 1 }, done.handler);
  expect(await done.promise).toEqual(["handed over"]);
});

test("OK: workers go on when their database was stopped and is back", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startStoppableDatabase());
  const jobs = stack.use(await openJobsAlone(server.url));
  const db = drizzle({ client: connectedFor(stack, server.url) });
  const began = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const done = collect(2);
  await jobs.work<Letter>(queue, { concurrency: 2 }, async (letter) => {
    began.resolve();
    await finish.promise;
    await done.handler(letter);
  });
  await enqueue(jobs, db, "while it stopped");
  await began.promise;
  await server.stop();
  await expect(enqueue(jobs, db, "while it is away")).rejects.toThrow();
  await server.start();
  finish.resolve();
  await expect
    .poll(() => enqueue(jobs, db, "after it").then(() => "added", String), { timeout: retakenMs })
    .toBe("added");
  expect((await done.promise).sort()).toEqual(["after it", "while it stopped"]);
});
