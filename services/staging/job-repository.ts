import { and, asc, eq, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { deleteChunks } from "./chunk-repository.ts";
import { jobs } from "./schema.ts";
import { type State, statesBefore } from "./state.ts";

export type JobRow = typeof jobs.$inferSelect;
export type NewJob = Pick<
  JobRow,
  "jobId" | "sourceId" | "tables" | "selections" | "targets" | "format" | "chunkRows"
>;

const one = (scope: Pick<Scope, "orgId">, jobId: string) =>
  and(eq(jobs.orgId, scope.orgId), eq(jobs.jobId, jobId));

/** Jobs that expire in one transaction. */
const expiredAtOnce = 100;

/** What every change of a row does besides. */
const touched = { updateTime: sql`now()`, revision: sql`${jobs.revision} + 1` };
/** What a job without chunks has. */
const nothingStored = {
  rowCount: 0n,
  rowCountExpected: 0n,
  sizeBytes: 0n,
  chunkCount: 0,
  chunkCountPlanned: 0,
  snapshotId: null,
};

export async function findJob(
  db: Db,
  scope: Pick<Scope, "orgId">,
  jobId: string,
): Promise<JobRow | undefined> {
  const [row] = await db.select().from(jobs).where(one(scope, jobId));
  return row;
}

/** Jobs by id, which is by age; `filter` undefined for any. */
export function listJobs(
  db: Db,
  scope: Scope,
  page: Page,
  filter: { state: State | undefined; sourceId: string | undefined },
): Promise<JobRow[]> {
  return db
    .select()
    .from(jobs)
    .where(
      and(
        eq(jobs.orgId, scope.orgId),
        fromPage(jobs.jobId, page),
        filter.state === undefined ? undefined : eq(jobs.state, filter.state),
        filter.sourceId === undefined ? undefined : eq(jobs.sourceId, filter.sourceId),
      ),
    )
    .orderBy(asc(jobs.jobId))
    .limit(page.limit);
}

export async function insertJob(db: Db, scope: Scope, job: NewJob): Promise<JobRow> {
  const { orgId, principal } = scope;
  const rows = await db
    .insert(jobs)
    .values({ ...job, orgId, creatorUserId: principal.userId, apiKeyId: principal.apiKeyId ?? null })
    .returning();
  return insertedRow(rows);
}

async function move(
  db: Db,
  where: SQL | undefined,
  state: State,
  change: object = {},
): Promise<JobRow | undefined> {
  const [row] = await db
    .update(jobs)
    .set({ ...touched, ...change, state })
    .where(and(where, inArray(jobs.state, statesBefore(state))))
    .returning();
  return row;
}

/** Undefined when the job is paused already, or has ended, or is not there. */
export const moveToPaused = (db: Db, scope: Scope, jobId: string) =>
  move(db, one(scope, jobId), "paused", { snapshotId: null });

/** The next run of a paused job; undefined when there is none. */
export const moveToQueued = (db: Db, scope: Scope, jobId: string) =>
  move(db, and(one(scope, jobId), eq(jobs.state, "paused")), "queued", {
    run: sql`${jobs.run} + 1`,
    failureCount: 0,
    planCount: 0,
  });

/** Undefined when the job has ended, or is not there. Its chunks go. */
export async function moveToCancelled(db: Db, scope: Scope, jobId: string): Promise<JobRow | undefined> {
  const change = { ...nothingStored, endTime: sql`now()` };
  const row = await move(db, one(scope, jobId), "cancelled", change);
  if (row) await deleteChunks(db, scope, jobId);
  return row;
}

/** Removes a job and its chunks; false when there is none. */
export async function deleteJob(db: Db, scope: Scope, jobId: string): Promise<boolean> {
  const rows = await db.delete(jobs).where(one(scope, jobId)).returning({ jobId: jobs.jobId });
  return rows.length > 0;
}

/** One run of a job, as the queue carries it. */
export type JobRun = { readonly orgId: string; readonly jobId: string; readonly run: number };

/** A worker's turn: what it writes counts while the job is running in this attempt. */
export type JobAttempt = { readonly orgId: string; readonly jobId: string; readonly attempt: number };

const isCurrent = (attempt: JobAttempt) =>
  and(one(attempt, attempt.jobId), eq(jobs.attempt, attempt.attempt), eq(jobs.state, "running"));

/** Begins the next attempt; undefined when the run is over. */
export const moveToRunning = (db: Db, jobRun: JobRun) =>
  move(db, and(one(jobRun, jobRun.jobId), eq(jobs.run, jobRun.run)), "running", {
    attempt: sql`${jobs.attempt} + 1`,
  });

export async function isCurrentAttempt(db: Db, attempt: JobAttempt): Promise<boolean> {
  const rows = await db.select({ jobId: jobs.jobId }).from(jobs).where(isCurrent(attempt));
  return rows.length > 0;
}

/** Changes the job of a turn; undefined when the turn is over. */
export async function updateAttempt(
  db: Db,
  attempt: JobAttempt,
  change: AttemptChange,
): Promise<JobRow | undefined> {
  const [row] = await db
    .update(jobs)
    .set({ ...touched, ...change })
    .where(isCurrent(attempt))
    .returning();
  return row;
}

type AttemptChange = { [Key in keyof typeof jobs.$inferInsert]?: (typeof jobs.$inferInsert)[Key] | SQL };

/** Counts a chunk that was stored; undefined when the turn is over. */
export const updateProgress = (db: Db, attempt: JobAttempt, chunk: { rowCount: bigint; sizeBytes: bigint }) =>
  updateAttempt(db, attempt, {
    rowCount: sql`${jobs.rowCount} + ${chunk.rowCount}`,
    sizeBytes: sql`${jobs.sizeBytes} + ${chunk.sizeBytes}`,
    chunkCount: sql`${jobs.chunkCount} + 1`,
    failureCount: 0,
  });

/** Puts the job of a turn back; `failed` when the attempt counts as one that failed. */
export const requeueAttempt = (db: Db, attempt: JobAttempt, failed: boolean) =>
  move(db, isCurrent(attempt), "queued", { failureCount: sql`${jobs.failureCount} + ${failed ? 1 : 0}` });

/** Ends the job of a turn; undefined when the turn is over. Its chunks go. */
export async function failAttempt(
  db: Db,
  attempt: JobAttempt,
  errorMessage: string,
): Promise<JobRow | undefined> {
  const change = { ...nothingStored, errorMessage, endTime: sql`now()` };
  const row = await move(db, isCurrent(attempt), "failed", change);
  if (row) await deleteChunks(db, attempt, attempt.jobId);
  return row;
}

/** The job of a turn has its chunks and its manifest; undefined when the turn is over. */
export const succeedAttempt = (
  db: Db,
  attempt: JobAttempt,
  manifest: { manifestFileId: string; manifestSha256: string },
  lifetimeDays: number,
) =>
  move(db, isCurrent(attempt), "succeeded", {
    ...manifest,
    snapshotId: null,
    endTime: sql`now()`,
    expireTime: sql`case when not ${jobs.kept} then now() + make_interval(days => ${lifetimeDays}) end`,
  });

/** Keeps what a job has, or will have, from expiring; undefined when it has expired, or is not there. */
export async function keepJob(db: Db, scope: Scope, jobId: string): Promise<JobRow | undefined> {
  const [row] = await db
    .update(jobs)
    .set({ ...touched, kept: true, expireTime: null })
    .where(and(one(scope, jobId), eq(jobs.expired, false)))
    .returning();
  return row;
}

/** Has what a job has expire now; undefined when it has nothing. Its chunks go. */
export async function moveToExpired(db: Db, scope: Scope, jobId: string): Promise<JobRow | undefined> {
  const [row] = await db
    .update(jobs)
    .set({ ...touched, kept: false, expireTime: sql`now()`, expired: true })
    .where(and(one(scope, jobId), eq(jobs.state, "succeeded"), eq(jobs.expired, false)))
    .returning();
  if (row) await deleteChunks(db, scope, jobId);
  return row;
}

/** The revisions of jobs of any organisation: for those who were allowed to see the job already. */
export async function listRevisions(db: Db, jobIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .select({ jobId: jobs.jobId, revision: jobs.revision })
    .from(jobs)
    .where(inArray(jobs.jobId, [...jobIds]));
  return new Map(rows.map(({ jobId, revision }) => [jobId, revision]));
}

/** Runs of jobs of any organisation that wait for a worker or have one. */
export function listUnfinished(db: Db): Promise<JobRun[]> {
  return db
    .select({ orgId: jobs.orgId, jobId: jobs.jobId, run: jobs.run })
    .from(jobs)
    .where(inArray(jobs.state, ["queued", "running"]));
}

/** Marks some jobs of any organisation whose time has come, and answers them. */
export function moveExpired(db: Db): Promise<{ orgId: string; jobId: string }[]> {
  const due = db
    .select({ jobId: jobs.jobId })
    .from(jobs)
    .where(and(lt(jobs.expireTime, sql`now()`), eq(jobs.expired, false)))
    .limit(expiredAtOnce)
    .for("update", { skipLocked: true });
  return db
    .update(jobs)
    .set({ ...touched, expired: true })
    .where(inArray(jobs.jobId, due))
    .returning({ orgId: jobs.orgId, jobId: jobs.jobId });
}
