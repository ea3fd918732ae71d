import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { type ExpectStatic, expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import type { PublishReleaseResponse } from "../../gen/sluice/storage/v1/releases_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  fileMissing,
  filesIn,
  generated,
  kib,
  mib,
  sha256,
  startStorage,
  startStorageIn,
  usage,
  usageOf,
} from "./fixtures.ts";
import { publish, releasedFiles, type StagedFile, stagedFile } from "./release-fixtures.ts";
import { spawnStorage } from "./storage-process.ts";

/** Considers uploads dead after a short time without a heartbeat, and removes unused content without a grace period. */
const thorough = { heartbeatLostMs: 200, heartbeatMs: 20, graceMs: 0, collectMs: 20, searchMs: 0 };

/** For each step of a publication, the statement that blocks it there, and the files that are published afterwards. */
const steps = {
  "before it looks for the release": ["lock table storage.files in access exclusive mode", "nothing"],
  "after it has read everything": ["lock table storage.releases in exclusive mode", "nothing"],
  "after the release's row": ["select from storage.files where category = 'staging' for update", "nothing"],
  "after it has locked what is staged": ["lock table storage.files in share mode", "nothing"],
  "after the files' rows": ["select from storage.quotas for update", "nothing"],
  // The server has received the commit, and does not notice that the client is gone.
  "between commit and answer": ["select pg_advisory_xact_lock(1)", "all"],
} as const;

const cases = Object.entries(steps).map(([step, [statement, left]]) => ({ step, statement, left }));

/** Makes commits of released files wait for the advisory lock. */
async function holdCommits({ sql }: TestDatabase): Promise<void> {
  await sql.unsafe(`
    create function public.hold() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(1); return null; end $$;
    create constraint trigger hold after insert on storage.files deferrable initially deferred
      for each row when (new.category = 'release') execute function public.hold()`);
}

/** Process ids of the database's connections that wait for this transaction. */
async function waitersFor(
  tx: postgres.TransactionSql,
  sql: postgres.Sql,
  { poll }: Pick<ExpectStatic, "poll"> = expect,
): Promise<number[]> {
  const [row] = await tx`select pg_backend_pid() as pid`;
  const waiting = () => sql`select pid from pg_stat_activity where ${row?.pid} = any(pg_blocking_pids(pid))`;
  await poll(async () => (await waiting()).length).toBeGreaterThan(0);
  return (await waiting()).map(({ pid }) => pid);
}

const contents = [generated(300 * kib, 1001), generated(kib, 1002), Buffer.from("{}")];
const totalBytes = contents.reduce((sum, { length }) => sum + length, 0);
const pathsOf = (who: Principal) => contents.map((content) => blobPath(who, sha256(content))).sort();

const stageAll = (service: RunningService, who: Principal): Promise<StagedFile[]> =>
  Promise.all(contents.map((content, index) => stagedFile(service, who, { path: `a/b/${index}`, content })));

/** Expects one complete release, its staged files, and nothing else on the disk. */
async function expectPublished(
  service: RunningService,
  who: Principal,
  directory: string,
  answer: PublishReleaseResponse,
): Promise<void> {
  const released = await releasedFiles(service, who);
  expect(answer.files.map(({ fileId }) => fileId)).toEqual(released.map(({ fileId }) => fileId));
  for (const [index, { fileId }] of released.entries()) {
    const { bytes } = await download(service, who, { fileId });
    expect(bytes.equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
  }
  expect(await usageOf(service, who)).toEqual(usage(2 * totalBytes, 2 * contents.length));
  expect(await filesIn(directory)).toEqual(pathsOf(who));
}

test.each(cases)("OK: one release after kill -9 $step", async ({ statement, left }) => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using killed = await spawnStorage(database, folder.path);
  await holdCommits(database);
  const who = principal();
  const staged = await stageAll(killed, who);
  const releaseId = randomUUID();
  const pids = await database.sql.begin(async (tx) => {
    await tx.unsafe(statement);
    const stuck = failureOf(publish(killed, who, staged, { releaseId }));
    const waiters = await waitersFor(tx, database.sql);
    await killed.kill();
    expect(await stuck).toMatchObject({ code: "Unavailable" });
    return waiters;
  });
  const connected = () => database.sql`select from pg_stat_activity where pid = any(${pids})`;
  await expect.poll(async () => (await connected()).length).toBe(0);

  await using restarted = await startStorageIn(database, folder.path, thorough);
  expect(await releasedFiles(restarted, who)).toHaveLength(left === "all" ? contents.length : 0);
  const answer = await publish(restarted, who, staged, { releaseId });
  await expectPublished(restarted, who, folder.path, answer);
});

// Concurrent, because a service whose connection was dropped in a transaction takes five seconds to stop.
test.concurrent.for(cases)(
  "Unavailable: the database drops the connection $step, and nothing is published",
  async ({ statement }, { expect }) => {
    await using storage = await startStorage();
    const { database } = storage;
    await holdCommits(database);
    const who = principal();
    const staged = await stageAll(storage, who);
    const releaseId = randomUUID();
    await database.sql.begin(async (tx) => {
      await tx.unsafe(statement);
      const stuck = failureOf(publish(storage, who, staged, { releaseId }));
      for (const pid of await waitersFor(tx, database.sql, expect)) {
        await database.sql`select pg_terminate_backend(${pid})`;
      }
      expect(await stuck).toMatchObject({ code: "Unavailable" });
    });
    expect(await releasedFiles(storage, who)).toEqual([]);
    const answer = await publish(storage, who, staged, { releaseId });
    await expectPublished(storage, who, storage.directory, answer);
  },
);

test("OK: one release after kill -9 while it reads what is staged", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using killed = await spawnStorage(database, folder.path);
  const who = principal();
  const content = generated(64 * mib, 1003);
  const staged = await stagedFile(killed, who, { path: "a/large", content });
  const releaseId = randomUUID();
  await database.sql.begin(async (tx) => {
    // A fast disk could let it reach this table before the test notices the reads.
    await tx`lock table storage.releases in exclusive mode`;
    const before = await killed.readBytes();
    const stuck = failureOf(publish(killed, who, [staged], { releaseId }));
    const read = async () => (await killed.readBytes()) - before;
    await expect.poll(read, { interval: 1 }).toBeGreaterThan(mib);
    await killed.kill();
    expect(await stuck).toMatchObject({ code: "Unavailable" });
  });
  await using restarted = await startStorageIn(database, folder.path, thorough);
  expect(await releasedFiles(restarted, who)).toEqual([]);
  await publish(restarted, who, [staged], { releaseId });
  expect(await releasedFiles(restarted, who)).toHaveLength(1);
  expect(await usageOf(restarted, who)).toEqual(usage(2 * content.length, 2));
  expect(await filesIn(folder.path)).toEqual([blobPath(who, staged.sha256)]);
});

test("Canceled: a caller that goes away before the commit leaves nothing", async () => {
  await using storage = await startStorage();
  const { database } = storage;
  const who = principal();
  const staged = await stageAll(storage, who);
  await database.sql.begin(async (tx) => {
    await tx.unsafe(steps["after the files' rows"][0]);
    const abort = new AbortController();
    const stuck = failureOf(publish(storage, who, staged, { signal: abort.signal }));
    await waitersFor(tx, database.sql);
    abort.abort();
    expect(await stuck).toEqual({ code: "Canceled" });
  });
  expect(await releasedFiles(storage, who)).toEqual([]);
  expect(await usageOf(storage, who)).toEqual(usage(totalBytes, contents.length));
});

test("OK: readers see none of a release until they see all of it", async () => {
  await using storage = await startStorage();
  const who = principal();
  const staged = await stageAll(storage, who);
  const publishing = await storage.database.sql.begin(async (tx) => {
    await tx.unsafe(steps["after the files' rows"][0]);
    const call = publish(storage, who, staged);
    await waitersFor(tx, storage.database.sql);
    expect(await releasedFiles(storage, who)).toEqual([]);
    return { call };
  });
  await publishing.call;
  expect(await releasedFiles(storage, who)).toHaveLength(contents.length);
});

test("OK: 16 calls at once, in two processes, publish one release and answer the same", async () => {
  await using own = await startStorage();
  await using neighbour = await startStorageIn(own.database, own.directory);
  const who = principal();
  const staged = await stageAll(own, who);
  const releaseId = randomUUID();
  const [first, ...others] = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      publish(index % 2 === 0 ? own : neighbour, who, staged, { releaseId }),
    ),
  );
  if (!first) throw new Error("no answer");
  for (const other of others) expect(other).toEqual(first);
  await expectPublished(own, who, own.directory, first);
});

test("AlreadyExists: of two releases that race for the same paths one is published", async () => {
  await using storage = await startStorage();
  const who = principal();
  for (let round = 0; round < 5; round += 1) {
    const staged = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stagedFile(storage, who, { path: `${round}/${index}` })),
    );
    const calls = [staged, staged.toReversed()].map((files) => publish(storage, who, files));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = calls[outcomes.findIndex(({ status }) => status === "rejected")];
    expect(await failureOf(refused ?? Promise.resolve())).toEqual({
      code: "AlreadyExists",
      reason: "RESOURCE_EXISTS",
      metadata: { path: `${round}/0` },
    });
    expect(await releasedFiles(storage, who)).toHaveLength(20 * (round + 1));
  }
});

test("NotFound: a file that is removed after it was read and before it is published", async () => {
  await using storage = await startStorage(thorough);
  const { database } = storage;
  const who = principal();
  const staged = await stageAll(storage, who);
  const refused = await database.sql.begin(async (tx) => {
    await tx.unsafe(steps["after it has read everything"][0]);
    const call = failureOf(publish(storage, who, staged));
    await waitersFor(tx, database.sql);
    const { ownerId } = staged[1] ?? { ownerId: "" };
    await storage.client(BlobService, who, "staging").deleteBlobs({ ownerId });
    return { call };
  });
  expect(await refused.call).toEqual(fileMissing(staged[1]?.fileId ?? ""));
  expect(await releasedFiles(storage, who)).toEqual([]);
});
