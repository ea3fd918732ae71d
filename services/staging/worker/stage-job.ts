import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { StagingDeps } from "../deps.ts";
import { type JobRow, updateAttempt } from "../job-repository.ts";
import { closeSnapshot, keepSnapshot } from "./keep-snapshot.ts";
import { openPlan } from "./open-plan.ts";
import { storeChunks } from "./store-chunks.ts";
import { storeManifest } from "./store-manifest.ts";

/**
 * Brings a running job to its success, within a call on behalf of whoever asked for it. `opened` hears of the snapshot
 * that it reads. Answers false when that is gone: another one may have other rows, so it takes another turn and plan.
 */
export async function stageJob(
  deps: StagingDeps,
  job: JobRow,
  signal: AbortSignal,
  opened: (snapshotId: string) => void,
): Promise<boolean> {
  const planned = await openPlan(deps, job, signal);
  opened(planned.snapshotId);
  using kept = keepSnapshot(deps, planned.snapshotId, signal);
  try {
    await storeChunks(deps, planned, kept.signal);
  } catch (error) {
    if (signal.aborted || !hasReason(error, ErrorReason.SNAPSHOT_GONE)) throw error;
    await updateAttempt(deps.db, planned, { snapshotId: null });
    return false;
  }
  await storeManifest(deps, planned);
  await closeSnapshot(deps, planned.snapshotId);
  return true;
}
