import { everywhere } from "../../lib/database/scope.ts";
import { withinCall } from "../../lib/rpc/call.ts";
import { listStoredChunks, type StoredChunk } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { findJob, type JobRow } from "../job-repository.ts";
import type { FollowUp } from "../queues.ts";
import { hasEnded } from "../state.ts";
import { deleteUpload, listUploads } from "../upload-repository.ts";
import { maintenanceCall } from "./calls.ts";
import { ownerOf } from "./owner.ts";

/** Removes files of attempts that are over, except those that the job refers to. */
export const sweepFiles =
  (deps: StagingDeps) =>
  (followUp: FollowUp): Promise<void> =>
    withinCall(maintenanceCall(followUp.orgId), () => sweep(deps, followUp));

async function sweep({ db, blobs }: StagingDeps, { orgId, jobId }: FollowUp): Promise<void> {
  // Read the job before its chunks: an attempt that is over stores no further chunk.
  const job = await findJob(db, everywhere({ orgId }), jobId);
  const chunks = await listStoredChunks(db, { orgId }, jobId);
  const uploads = await listUploads(db, { orgId }, jobId);
  for (const upload of uploads.filter(({ attempt }) => isOver(job, attempt))) {
    const { attempt } = upload;
    const keepFileIds = job ? filesOf(job, chunks, attempt) : [];
    await blobs.deleteBlobs({ ownerId: ownerOf({ jobId, attempt }), keepFileIds });
    if (keepFileIds.length === 0) await deleteUpload(db, { orgId }, jobId, upload);
  }
}

const isOver = (job: JobRow | undefined, attempt: number): boolean =>
  !job || hasEnded(job.state) || job.attempt > attempt;

function filesOf(job: JobRow, chunks: readonly StoredChunk[], attempt: number): string[] {
  if (job.expired) return [];
  const files = chunks.filter((chunk) => chunk.attempt === attempt).map(({ fileId }) => fileId);
  // The last attempt stored the manifest.
  const hasManifest = job.attempt === attempt && job.manifestFileId !== null;
  return hasManifest ? [...files, job.manifestFileId as string] : files;
}
