import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/errors.ts";
import type { StagingDeps } from "../deps.ts";
import { findJob, type JobRow } from "../job-repository.ts";
import { closeSnapshot, keepSnapshot } from "./keep-snapshot.ts";
import { openPlan, type PlannedJob } from "./open-plan.ts";
import { storeChunks } from "./store-chunks.ts";
import { storeManifest } from "./store-manifest.ts";
import { TurnOver } from "./turn-over.ts";

/**
 * Brings a running job to its success, within a call on behalf of whoever asked for it. `opened` hears of each snapshot
 * that it opens.
 */
export async function stageJob(
  deps: StagingDeps,
  job: JobRow,
  signal: AbortSignal,
  opened: (snapshotId: string) => void,
): Promise<void> {
  let planned = await openPlan(deps, job);
  opened(planned.snapshotId);
  while (!(await isStored(deps, planned, signal))) {
    planned = await openPlan(deps, { ...(await currentRow(deps, planned)), snapshotId: null });
    opened(planned.snapshotId);
  }
  await storeManifest(deps, planned);
  await closeSnapshot(deps, planned.snapshotId);
}

/** Stores the chunks; false when their snapshot is gone: another one may have other rows, so it needs another plan. */
async function isStored(deps: StagingDeps, planned: PlannedJob, signal: AbortSignal): Promise<boolean> {
  using kept = keepSnapshot(deps, planned.snapshotId, signal);
  try {
    await storeChunks(deps, planned, kept.signal);
    return true;
  } catch (error) {
    if (signal.aborted || !hasReason(error, ErrorReason.SNAPSHOT_GONE)) throw error;
    return false;
  }
}

async function currentRow({ db }: StagingDeps, { orgId, jobId, attempt }: PlannedJob): Promise<JobRow> {
  const row = await findJob(db, { orgId }, jobId);
  if (row?.attempt !== attempt) throw new TurnOver();
  return row;
}
