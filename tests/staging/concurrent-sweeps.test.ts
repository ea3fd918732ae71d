import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type postgres from "postgres";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { openDatabase } from "../../services/lib/database/database.ts";
import { enqueueSweep, type FollowUp } from "../../services/staging/queues.ts";
import { noteUpload } from "../../services/staging/upload-repository.ts";
import { ownerOf } from "../../services/staging/worker/owner.ts";
import { forFile } from "../lib/for-file.ts";
import { openJobsAlone } from "../lib/open-jobs.ts";
import { eventually, startStaging, storedFiles, type User } from "./staging.ts";

const staging = forFile(startStaging);

const migrationsFolder = fileURLToPath(new URL("../../services/staging/migrations", import.meta.url));
const database = forFile(() =>
  openDatabase({ url: staging().config.databaseUrl, service: "staging", migrationsFolder }),
);
const jobs = forFile(() => openJobsAlone(staging().config.databaseUrl));

const attempt = 1;

/** What a worker does when its attempt is over: the attempt can have stored files. */
const leaveAttempt = (left: FollowUp): Promise<void> =>
  database().db.transaction(async (tx) => {
    await noteUpload(tx, left, left.jobId, attempt);
    await enqueueSweep(jobs(), tx, left);
  });

/** Stores a file as a worker does for an attempt. */
async function storeFile({ who }: User, jobId: string): Promise<void> {
  const ownerId = ownerOf({ jobId, attempt });
  async function* parts() {
    yield { part: { case: "header" as const, value: { name: "late.parquet", ownerId } } };
    yield { part: { case: "chunk" as const, value: Buffer.from("late") } };
  }
  await staging().storage.client(BlobService, who, "staging").putBlob(parts());
}

/** Holds deletions of staging's records of uploads until disposal. */
async function holdDeletions(sql: postgres.Sql): Promise<AsyncDisposable> {
  const key = 7_701;
  await sql.unsafe(`
    create function public.hold_deletion() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(${key}); return old; end $$;
    create trigger hold_deletion before delete on staging.uploads
      for each row execute function public.hold_deletion();`);
  const holder = await sql.reserve();
  await holder`select pg_advisory_lock(${key})`;
  return {
    async [Symbol.asyncDispose]() {
      await holder`select pg_advisory_unlock(${key})`;
      holder.release();
    },
  };
}

const waitingSessions = async () => {
  const sessions = await staging().database.sql`
    select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return sessions.length;
};

const sweepsIn = async (state: string) => {
  const sweeps = await staging().database.sql`
    select id from staging_jobs.job where name = 'sweeps' and state::text = ${state}`;
  return sweeps.length;
};

test("OK: a file that is stored while a sweep forgets its attempt is removed by the next one", async () => {
  const { sql } = staging().database;
  const user = staging().user();
  // As many as sweeps run at once, so that the next one has to wait for these.
  const [left, other] = [randomUUID(), randomUUID()].map((jobId) => ({ orgId: user.who.orgId, jobId }));
  if (!left || !other) throw new Error("two were made");
  let leaving: Promise<void>;
  {
    await using _held = await holdDeletions(sql);
    await Promise.all([left, other].map(leaveAttempt));
    await eventually(waitingSessions).toBe(2);
    await storeFile(user, left.jobId);
    leaving = leaveAttempt(left);
    // Its sweep is in the queue, or it waits to note the attempt.
    await eventually(async () => (await waitingSessions()) + (await sweepsIn("created"))).toBe(3);
  }
  await leaving;
  await eventually(() => sweepsIn("completed")).toBe(3);
  expect(await storedFiles(user)).toEqual([]);
  expect(await sql`select * from staging.uploads`).toEqual([]);
});
