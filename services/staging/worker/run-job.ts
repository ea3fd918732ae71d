import { Code, ConnectError } from "@connectrpc/connect";
import { withinCall } from "../../lib/rpc/call.ts";
import { allows } from "../../lib/rpc/permissions.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import type { StagingDeps } from "../deps.ts";
import { requesterGone, requesterWithoutPermission } from "../errors.ts";
import { type JobRow, type JobRun, moveToRunning } from "../job-repository.ts";
import { callAs, maintenanceCall } from "./calls.ts";
import { endAttempt } from "./end-attempt.ts";
import { stageJob } from "./stage-job.ts";
import { watchAttempt } from "./watch-attempt.ts";

const permission = "staging.write";

/** Does one run of a job, from where it stands; throws when it has to be tried again later. */
export const runJob =
  (deps: StagingDeps) =>
  async (jobRun: JobRun, stop: AbortSignal): Promise<void> => {
    let isDone = false;
    while (!isDone) {
      const job = await moveToRunning(deps.db, jobRun);
      isDone = !job || (await runAttempt(deps, job, stop));
    }
  };

/** Answers whether the run is over, or else needs another turn. */
async function runAttempt(deps: StagingDeps, job: JobRow, stop: AbortSignal): Promise<boolean> {
  using watched = watchAttempt(deps.db, job, stop);
  let { snapshotId } = job;
  const opened = (id: string) => {
    snapshotId = id;
  };
  try {
    const call = callAs(await principalOf(deps, job), watched.signal);
    return await withinCall(call, () => stageJob(deps, job, watched.signal, opened));
  } catch (error) {
    const ended = { error, signal: watched.signal, stop, snapshotId };
    await withinCall(maintenanceCall(job.orgId), () => endAttempt(deps, job, ended));
    return true;
  }
}

/** Whoever asked for the job, as what they may do now. */
async function principalOf({ policies }: StagingDeps, job: JobRow): Promise<Principal> {
  const apiKey = job.apiKeyId === null ? {} : { apiKeyId: job.apiKeyId };
  const who = { orgId: job.orgId, userId: job.creatorUserId, ...apiKey };
  try {
    const { roles } = await policies.getPrincipal(who);
    if (!allows(roles, permission)) throw requesterWithoutPermission();
    return { ...who, roles };
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) throw requesterGone();
    throw error;
  }
}
