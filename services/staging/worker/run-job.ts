import { withinCall } from "../../lib/rpc/call.ts";
import type { StagingDeps } from "../deps.ts";
import { type JobRow, type JobRun, moveToRunning } from "../job-repository.ts";
import { callAs, maintenanceCall } from "./calls.ts";
import { endAttempt } from "./end-attempt.ts";
import { findRequester, watchRequester } from "./requester.ts";
import { stageJob } from "./stage-job.ts";
import { watchAttempt } from "./watch-attempt.ts";

/** Runs a job from its current progress. Throws if it has to be retried later. */
export const runJob =
  (deps: StagingDeps) =>
  async (jobRun: JobRun, stop: AbortSignal): Promise<void> => {
    let isDone = false;
    while (!isDone) {
      const job = await moveToRunning(deps.db, jobRun);
      isDone = !job || (await runAttempt(deps, job, stop));
    }
  };

/** True if the run is over; false if it needs another attempt. */
async function runAttempt(deps: StagingDeps, job: JobRow, stop: AbortSignal): Promise<boolean> {
  using watched = watchAttempt(deps.db, job, stop);
  using requester = watchRequester(deps, job);
  const signal = AbortSignal.any([watched.signal, requester.signal]);
  let { snapshotId } = job;
  const opened = (id: string) => {
    snapshotId = id;
  };
  try {
    const call = callAs(await findRequester(deps, job), signal);
    return await withinCall(call, () => stageJob(deps, job, signal, opened));
  } catch (failure) {
    const error = requester.signal.aborted ? requester.signal.reason : failure;
    const ended = { error, signal: watched.signal, stop, snapshotId };
    await withinCall(maintenanceCall(job.orgId), () => endAttempt(deps, job, ended));
    return true;
  }
}
