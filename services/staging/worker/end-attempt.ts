import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { databaseFailure } from "../../lib/database/database-failure.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { StagingDeps } from "../deps.ts";
import { failAttempt, findJob, type JobRow, requeueAttempt } from "../job-repository.ts";
import { enqueueSweep } from "../queues.ts";
import { insertUpload } from "../upload-repository.ts";
import { AttemptOver } from "./attempt-over.ts";
import { closeSnapshot } from "./keep-snapshot.ts";

/** Attempts that may fail one after the other without a chunk in between, when the cause may pass. */
const failuresMax = 5;

/** Another attempt would meet the same. */
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
  // To hold on to the chunks that there are would keep the disk full.
  ErrorReason.DISK_FULL,
];

/** What a turn that did not succeed had. */
export type Ended = {
  readonly error: unknown;
  /** Aborted by what made the turn end, if that was not the error. */
  readonly signal: AbortSignal;
  /** Aborted when the process stops. */
  readonly stop: AbortSignal;
  /** The snapshot that it held open. */
  readonly snapshotId: string | null;
};

/** Ends a turn that did not succeed; throws when the job has to be tried again. */
export async function endAttempt(deps: StagingDeps, job: JobRow, ended: Ended): Promise<void> {
  try {
    await settle(deps, job, ended);
  } finally {
    // Whoever goes on with the job goes on with its snapshot, unless it was paused or has ended.
    const now = await findJob(deps.db, job, job.jobId);
    if (ended.snapshotId !== null && now?.snapshotId !== ended.snapshotId) {
      await closeSnapshot(deps, ended.snapshotId);
    }
  }
}

async function settle(deps: StagingDeps, job: JobRow, { error, signal, stop }: Ended): Promise<void> {
  if (error instanceof AttemptOver || signal.reason instanceof AttemptOver) return leaveAttempt(deps, job);
  // The row says how many failed since a chunk was stored.
  const failures = ((await findJob(deps.db, job, job.jobId))?.failureCount ?? 0) + 1;
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

/** A limit of size is met again; one of time, which has the same reason, may not be. */
const isTooLarge = (error: ConnectError): boolean =>
  error.code === Code.ResourceExhausted && hasReason(error, ErrorReason.EXECUTION_LIMIT);

/** A part of the mesh is away, as while it is restarted: the job waits for it, however long that takes. */
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

/** The words of a `ConnectError` were meant for callers. */
const textOf = (error: unknown): string =>
  error instanceof ConnectError && error.code !== Code.Internal && error.code !== Code.Unknown
    ? error.rawMessage
    : "internal error: the service's log has its cause";

/** The job is another worker's, or nobody's: only what this turn left behind in storage is cleared away. */
async function leaveAttempt({ db, jobs }: StagingDeps, job: JobRow): Promise<void> {
  await db.transaction(async (tx) => {
    await insertUpload(tx, job, job.jobId, job.attempt);
    await enqueueSweep(jobs, tx, job);
  });
}
