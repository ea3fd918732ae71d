import { and, eq, inArray, lt, type SQL, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { enterNamespace } from "../lib/database/namespace-gate.ts";
import { insertedRow } from "../lib/database/rows.ts";
import { everywhere, ownerIn, within } from "../lib/database/scope.ts";
import { idField, openTimeField, timeField, wordField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { deleteChunks } from "./chunk-repository.ts";
import { closedNamespaces, formats, jobs } from "./schema.ts";
import { type State, states, statesBefore } from "./state.ts";

export type JobRow = typeof jobs.$inferSelect;
export type NewJob = Pick<
  JobRow,
  "jobId" | "sourceId" | "namespace" | "tables" | "selections" | "targets" | "format" | "chunkRows"
>;

type Access = Pick<Scope, "orgId" | "namespaces">;

const one = (access: Access, jobId: string) => and(within(access, jobs), eq(jobs.jobId, jobId));

/** Jobs that expire per transaction. */
const expiredAtOnce = 100;

/** Columns that every update sets. */
const touched = { updateTime: sql`now()`, revision: sql`${jobs.revision} + 1` };
/** Columns of a job without chunks. */
const nothingStored = {
  rowCount: 0n,
  rowCountExpected: 0n,
  sizeBytes: 0n,
  chunkCount: 0,
  chunkCountPlanned: 0,
  snapshotId: null,
};

export async function findJob(db: Db, access: Access, jobId: string): Promise<JobRow | undefined> {
  const [row] = await db.select().from(jobs).where(one(access, jobId));
  return row;
}

const jobList = listOf({
  table: jobs,
  key: idField(jobs.jobId),
  orderable: { create_time: timeField(jobs.createTime), end_time: openTimeField(jobs.endTime) },
  filterable: {
    state: wordField(jobs.state, states),
    source_id: idField(jobs.sourceId),
    format: wordField(jobs.format, formats),
    creator_user_id: idField(jobs.creatorUserId),
    create_time: timeField(jobs.createTime),
    update_time: timeField(jobs.updateTime),
    end_time: timeField(jobs.endTime),
    expire_time: timeField(jobs.expireTime),
  },
});

/** Fields of `filter` that are undefined match any job. */
export function listJobs(
  db: Db,
  scope: Scope,
  request: ListRequest,
  filter: { state: State | undefined; sourceId: string | undefined },
): Promise<Page<JobRow>> {
  const where = and(
    within(scope, jobs),
    filter.state === undefined ? undefined : eq(jobs.state, filter.state),
    filter.sourceId === undefined ? undefined : eq(jobs.sourceId, filter.sourceId),
  );
  return jobList.read(db, request, where);
}

export async function insertJob(tx: Db, scope: Scope, job: NewJob): Promise<JobRow> {
  const { principal } = scope;
  const owner = ownerIn(scope, job.namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const rows = await tx
    .insert(jobs)
    .values({ ...job, ...owner, creatorUserId: principal.userId, apiKeyId: principal.apiKeyId ?? null })
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

/** Undefined if the job is paused already, has ended, or does not exist. */
export const moveToPaused = (db: Db, scope: Scope, jobId: string) =>
  move(db, one(scope, jobId), "paused", { snapshotId: null });

/** Begins the next run of a paused job. Undefined if it is not paused. */
export const moveToQueued = (db: Db, scope: Scope, jobId: string) =>
  move(db, and(one(scope, jobId), eq(jobs.state, "paused")), "queued", {
    run: sql`${jobs.run} + 1`,
    failureCount: 0,
    planCount: 0,
  });

/** Removes the chunks, too. Undefined if the job has ended or does not exist. */
export async function moveToCancelled(db: Db, scope: Scope, jobId: string): Promise<JobRow | undefined> {
  const change = { ...nothingStored, endTime: sql`now()` };
  const row = await move(db, one(scope, jobId), "cancelled", change);
  if (row) await deleteChunks(db, scope, jobId);
  return row;
}

/** Removes a job and its chunks. False if there is no such job. */
export async function deleteJob(db: Db, scope: Scope, jobId: string): Promise<boolean> {
  const rows = await db.delete(jobs).where(one(scope, jobId)).returning({ jobId: jobs.jobId });
  return rows.length > 0;
}

/** One run of a job: the payload of the queue. */
export type JobRun = { readonly orgId: string; readonly jobId: string; readonly run: number };

/** A worker's attempt at a job. Its writes are valid while the job is running in this attempt. */
export type JobAttempt = { readonly orgId: string; readonly jobId: string; readonly attempt: number };

const isCurrent = (attempt: JobAttempt) =>
  and(one(everywhere(attempt), attempt.jobId), eq(jobs.attempt, attempt.attempt), eq(jobs.state, "running"));

/** Begins the next attempt. Undefined if the run is over. */
export const moveToRunning = (db: Db, jobRun: JobRun) =>
  move(db, and(one(everywhere(jobRun), jobRun.jobId), eq(jobs.run, jobRun.run)), "running", {
    attempt: sql`${jobs.attempt} + 1`,
  });

export async function isCurrentAttempt(db: Db, attempt: JobAttempt): Promise<boolean> {
  const rows = await db.select({ jobId: jobs.jobId }).from(jobs).where(isCurrent(attempt));
  return rows.length > 0;
}

/** Updates the job of an attempt. Undefined if the attempt is over. */
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

/** Counts a stored chunk. Undefined if the attempt is over. */
export const updateProgress = (db: Db, attempt: JobAttempt, chunk: { rowCount: bigint; sizeBytes: bigint }) =>
  updateAttempt(db, attempt, {
    rowCount: sql`${jobs.rowCount} + ${chunk.rowCount}`,
    sizeBytes: sql`${jobs.sizeBytes} + ${chunk.sizeBytes}`,
    chunkCount: sql`${jobs.chunkCount} + 1`,
    failureCount: 0,
  });

/** Returns the job to the queue. `failed` means that the attempt counts as a failure. */
export const requeueAttempt = (db: Db, attempt: JobAttempt, failed: boolean) =>
  move(db, isCurrent(attempt), "queued", { failureCount: sql`${jobs.failureCount} + ${failed ? 1 : 0}` });

/** Fails the job of an attempt and removes its chunks. Undefined if the attempt is over. */
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

/** Completes the job of an attempt. Undefined if the attempt is over. */
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

/** Keeps a job's files from expiring. Undefined if they have expired or the job does not exist. */
export async function keepJob(db: Db, scope: Scope, jobId: string): Promise<JobRow | undefined> {
  const [row] = await db
    .update(jobs)
    .set({ ...touched, kept: true, expireTime: null })
    .where(and(one(scope, jobId), eq(jobs.expired, false)))
    .returning();
  return row;
}

/** Expires the files of a job now and removes its chunks. Undefined if it has none. */
export async function moveToExpired(db: Db, scope: Scope, jobId: string): Promise<JobRow | undefined> {
  const [row] = await db
    .update(jobs)
    .set({ ...touched, kept: false, expireTime: sql`now()`, expired: true })
    .where(and(one(scope, jobId), eq(jobs.state, "succeeded"), eq(jobs.expired, false)))
    .returning();
  if (row) await deleteChunks(db, scope, jobId);
  return row;
}

/** Revisions of jobs of any organisation. Callers have to be authorised for the jobs already. */
export async function listRevisions(db: Db, jobIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .select({ jobId: jobs.jobId, revision: jobs.revision })
    .from(jobs)
    .where(inArray(jobs.jobId, [...jobIds]));
  return new Map(rows.map(({ jobId, revision }) => [jobId, revision]));
}

/** Queued and running jobs of all organisations. */
export function listUnfinished(db: Db): Promise<JobRun[]> {
  return db
    .select({ orgId: jobs.orgId, jobId: jobs.jobId, run: jobs.run })
    .from(jobs)
    .where(inArray(jobs.state, ["queued", "running"]));
}

/** Marks expired jobs of all organisations and returns them; at most `expiredAtOnce`. */
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
