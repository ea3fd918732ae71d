import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { databaseFailure } from "../../lib/database/database-failure.ts";
import { everywhere } from "../../lib/database/scope.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { StagingDeps } from "../deps.ts";
import { failAttempt, findJob, type JobRow, requeueAttempt } from "../job-repository.ts";
import { enqueueSweep } from "../queues.ts";
import { noteUpload } from "../upload-repository.ts";
import { AttemptOver } from "./attempt-over.ts";
import { closeSnapshot } from "./keep-snapshot.ts";

/** Consecutive transient failures without a stored chunk. */
const failuresMax = 5;

/** Codes and reasons that a retry does not change. */
const finalCodes = new Set([Code.NotFound, Code.InvalidArgument, Code.PermissionDenied]);
const finalReasons = [
  ErrorReason.SNAPSHOT_GONE,
  ErrorReason.SOURCE_CHANGED,
  ErrorReason.SOURCE_DATA_INVALID,
  ErrorReason.SECRET_NOT_FOUND,
  ErrorReason.SECRET_NOT_ALLOWED,
  ErrorReason.INSECURE_CONNECTION,
  ErrorReason.ADDRESS_REFUSED,
  ErrorReason.QUOTA_EXCEEDED,
  ErrorReason.CONTENT_TOO_LARGE,
  ErrorReason.QUARANTINED,
  // Final, because stored chunks would keep the disk full.
  ErrorReason.DISK_FULL,
];

/** State of an attempt that did not succeed. */
export type Ended = {
  readonly error: unknown;
  /** Aborted with AttemptOver if the attempt was ended from outside. */
  readonly signal: AbortSignal;
  /** Aborted when the process stops. */
  readonly stop: AbortSignal;
  /** The snapshot that the attempt had open. */
  readonly snapshotId: string | null;
};

/** Ends an attempt that did not succeed. Throws if the job has to be retried. */
export async function endAttempt(deps: StagingDeps, job: JobRow, ended: Ended): Promise<void> {
  try {
    await settle(deps, job, ended);
  } finally {
    // The next attempt continues with the job's snapshot. Close it only if the job does not refer to it any more.
    const now = await findJob(deps.db, everywhere(job), job.jobId);
    if (ended.snapshotId !== null && now?.snapshotId !== ended.snapshotId) {
      await closeSnapshot(deps, ended.snapshotId);
    }
  }
}

async function settle(deps: StagingDeps, job: JobRow, { error, signal, stop }: Ended): Promise<void> {
  if (error instanceof AttemptOver || signal.reason instanceof AttemptOver) return leaveAttempt(deps, job);
  // The row counts failures since the last stored chunk.
  const failures = ((await findJob(deps.db, everywhere(job), job.jobId))?.failureCount ?? 0) + 1;
  const givesUp = isFinal(error) || (!isMeshFailure(error) && failures >= failuresMax);
  if (!stop.aborted && givesUp) return fail(deps, job, error);
  if (!(await requeueAttempt(deps.db, job, !stop.aborted && !isMeshFailure(error))))
    return leaveAttempt(deps, job);
  throw error;
}

const isFinal = (error: unknown): boolean =>
  error instanceof ConnectError &&
  (finalCodes.has(error.code) ||
    finalReasons.some((reason) => hasReason(error, reason)) ||
    isTooLarge(error));

/** Size limits are final. Time limits have the same reason, but can pass. */
const isTooLarge = (error: ConnectError): boolean =>
  error.code === Code.ResourceExhausted && hasReason(error, ErrorReason.EXECUTION_LIMIT);

/**
 * A service or the database of the mesh is unavailable, for example during a restart. The job is retried without a
 * limit.
 */
const isMeshFailure = (error: unknown): boolean =>
  hasReason(databaseFailure(error) ?? error, ErrorReason.UPSTREAM_UNAVAILABLE);

async function fail(deps: StagingDeps, job: JobRow, error: unknown): Promise<void> {
  deps.log.warn({ err: error, jobId: job.jobId }, "a staging job failed");
  const failed = await deps.db.transaction(async (tx) => {
    const row = await failAttempt(tx, job, textOf(error));
    if (row) await enqueueSweep(deps.jobs, tx, row);
    return row;
  });
  if (!failed) await leaveAttempt(deps, job);
}

/** Messages of a `ConnectError` were written for callers. Others are not shown. */
const textOf = (error: unknown): string =>
  error instanceof ConnectError && error.code !== Code.Internal && error.code !== Code.Unknown
    ? error.rawMessage
    : "internal error: the service's log has its cause";

/** Leaves a job that belongs to another attempt or to none. Only this attempt's files are removed. */
async function leaveAttempt({ db, jobs }: StagingDeps, job: JobRow): Promise<void> {
  await db.transaction(async (tx) => {
    await noteUpload(tx, job, job.jobId, job.attempt);
    await enqueueSweep(jobs, tx, job);
  });
}
