import { Code, ConnectError } from "@connectrpc/connect";
import { withinCall } from "../../lib/rpc/call.ts";
import { allows } from "../../lib/rpc/permissions.ts";
import type { Principal } from "../../lib/rpc/principal.ts";
import type { StagingDeps } from "../deps.ts";
import { requesterGone, requesterWithoutPermission } from "../errors.ts";
import { type JobRow, moveToRunning, type Order } from "../job-repository.ts";
import { callAs, callOfHousekeeper } from "./calls.ts";
import { endTurn } from "./end-turn.ts";
import { stageJob } from "./stage-job.ts";
import { watchTurn } from "./watch-turn.ts";

const permission = "staging.write";

/** Does one run of a job, from where it stands; throws when it has to be tried again later. */
export const doRun =
  (deps: StagingDeps) =>
  async (order: Order, stop: AbortSignal): Promise<void> => {
    let isDone = false;
    while (!isDone) {
      const job = await moveToRunning(deps.db, order);
      isDone = !job || (await doTurn(deps, job, stop));
    }
  };

/** Answers whether the run is over, or else needs another turn. */
async function doTurn(deps: StagingDeps, job: JobRow, stop: AbortSignal): Promise<boolean> {
  using turn = watchTurn(deps.db, job, stop);
  let { snapshotId } = job;
  const opened = (id: string) => {
    snapshotId = id;
  };
  try {
    const call = callAs(await principalOf(deps, job), turn.signal);
    return await withinCall(call, () => stageJob(deps, job, turn.signal, opened));
  } catch (error) {
    const ended = { error, turn: turn.signal, stop, snapshotId };
    await withinCall(callOfHousekeeper(job.orgId), () => endTurn(deps, job, ended));
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
