import { type ChunkRow, listPlannedChunks, updateStored } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { isCurrentAttempt, updateProgress } from "../job-repository.ts";
import { noteUpload } from "../upload-repository.ts";
import { AttemptOver } from "./attempt-over.ts";
import type { PlannedJob } from "./open-plan.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import { storeChunk } from "./store-chunk.ts";

/** Concurrent chunks of a job: one is extracted while another is made durable. */
const chunksInFlightMax = 2;

/** Stores the missing chunks of the plan. The first failure stops the others. */
export async function storeChunks(deps: StagingDeps, job: PlannedJob, signal: AbortSignal): Promise<void> {
  const missing = (await listPlannedChunks(deps.db, job, job.jobId)).filter(({ fileId }) => fileId === null);
  if (missing.length === 0) return;
  await noteAttempt(deps, job);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const next = missing.values();
  const storeNext = async () => {
    try {
      for (const chunk of next) await storeOne(deps, job, chunk, either);
    } catch (error) {
      // Keep the first error. Later ones result from the abort.
      if (!either.aborted) failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: chunksInFlightMax }, storeNext));
  either.throwIfAborted();
}

/** Records the attempt first, so that its files are found even after a crash. */
async function noteAttempt({ db }: StagingDeps, job: PlannedJob): Promise<void> {
  await db.transaction(async (tx) => {
    await noteUpload(tx, job, job.jobId, job.attempt);
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
  const stored = await retryWhileBusy(() => storeChunk(deps, job, chunk, signal), signal);
  await deps.db.transaction(async (tx) => {
    // Update the job first: it locks the row and checks the attempt.
    if (!(await updateProgress(tx, job, stored))) throw new AttemptOver();
    if (!(await updateStored(tx, job, job.jobId, chunk.chunkIndex, { ...stored, attempt: job.attempt }))) {
      throw new Error(`chunk ${chunk.chunkIndex} of job ${job.jobId} was stored before`);
    }
  });
}
