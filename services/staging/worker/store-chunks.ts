import { type ChunkRow, listPlannedChunks, updateStored } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { isCurrentAttempt, updateProgress } from "../job-repository.ts";
import { insertUpload } from "../upload-repository.ts";
import { AttemptOver } from "./attempt-over.ts";
import type { PlannedJob } from "./open-plan.ts";
import { storeChunk } from "./store-chunk.ts";
import { whenFree } from "./when-free.ts";

/** Chunks of one job that are on their way at once: while one is made durable, the next is extracted. */
const chunksInFlightMax = 2;

/** Stores the chunks of the plan that are not stored yet; the first failure stops the others. */
export async function storeChunks(deps: StagingDeps, job: PlannedJob, signal: AbortSignal): Promise<void> {
  const missing = (await listPlannedChunks(deps.db, job, job.jobId)).filter(({ fileId }) => fileId === null);
  if (missing.length === 0) return;
  await noteUpload(deps, job);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const next = missing.values();
  const storeNext = async () => {
    try {
      for (const chunk of next) await storeOne(deps, job, chunk, either);
    } catch (error) {
      // Its reason is the first error; what the other lanes then throw is only its echo.
      if (!either.aborted) failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: chunksInFlightMax }, storeNext));
  either.throwIfAborted();
}

/** The files of this attempt are found again, whatever becomes of it. */
async function noteUpload({ db }: StagingDeps, job: PlannedJob): Promise<void> {
  await db.transaction(async (tx) => {
    await insertUpload(tx, job, job.jobId, job.attempt);
    if (!(await isCurrentAttempt(tx, job))) throw new AttemptOver();
  });
}

async function storeOne(
  deps: StagingDeps,
  job: PlannedJob,
  chunk: ChunkRow,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const stored = await whenFree(() => storeChunk(deps, job, chunk, signal), signal);
  await deps.db.transaction(async (tx) => {
    // First: it takes the job's row, in which another worker's attempt would show.
    if (!(await updateProgress(tx, job, stored))) throw new AttemptOver();
    if (!(await updateStored(tx, job, job.jobId, chunk.chunkIndex, { ...stored, attempt: job.attempt }))) {
      throw new Error(`chunk ${chunk.chunkIndex} of job ${job.jobId} was stored before`);
    }
  });
}
