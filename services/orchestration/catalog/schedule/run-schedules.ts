import { Code, ConnectError } from "@connectrpc/connect";
import type { PolicyService } from "../../../../gen/sluice/identity/v1/policy_pb.ts";
import type { Db } from "../../../lib/database/database.ts";
import type { MeshClient } from "../../../lib/mesh/mesh-client.ts";
import { runPeriodically } from "../../../lib/process/run-periodically.ts";
import { outsideCalls } from "../../../lib/rpc/call.ts";
import { type Principal, rightsOf } from "../../../lib/rpc/principal.ts";
import type { Logger } from "../../../lib/telemetry/log.ts";
import type { DiscoverAs } from "./discover-as.ts";
import { type DueSchedule, endDiscovery, releaseDiscovery, takeDue } from "./schedule-repository.ts";

const pauseMs = 5_000;
/** Discoveries at once in this process, and of one organisation among them. */
const discoveriesMax = 4;
const discoveriesOfOrgMax = 2;
/** More than a discovery takes, and less than the shortest interval. */
const leaseMs = 10 * 60_000;
const rightsTimeoutMs = 10_000;
const messageCharactersMax = 1000;

type ScheduleDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly policies: Pick<MeshClient<typeof PolicyService>, "getPrincipal">;
  readonly discoverAs: DiscoverAs;
};

/** Runs the discoveries that are due, until `stop` aborts. However many processes do this, each runs once. */
export async function runSchedules(deps: ScheduleDeps, stop: AbortSignal): Promise<void> {
  const running: string[] = [];
  const failureText = "scheduled discoveries did not run: the next look tries again";
  const options = { pauseMs, stop, log: deps.log, failureText };
  const worker = () => runPeriodically(options, () => runDue(deps, running, stop));
  await outsideCalls(() => Promise.all(Array.from({ length: discoveriesMax }, worker)));
}

/** Runs one discovery after the other, until none is due. */
async function runDue(deps: ScheduleDeps, running: string[], stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const busyOrgs = [...new Set(running)].filter(
      (orgId) => running.filter((one) => one === orgId).length >= discoveriesOfOrgMax,
    );
    const due = await takeDue(deps.db, leaseMs, busyOrgs);
    if (!due) return;
    running.push(due.orgId);
    try {
      await discover(deps, due, stop);
    } finally {
      running.splice(running.indexOf(due.orgId), 1);
    }
  }
}

async function discover(deps: ScheduleDeps, due: DueSchedule, stop: AbortSignal): Promise<void> {
  try {
    await deps.discoverAs(await principalOf(deps, due, stop), due.sourceId, stop);
    await endDiscovery(deps.db, due, "");
  } catch (error) {
    if (stop.aborted) {
      await releaseDiscovery(deps.db, due);
      return;
    }
    deps.log.info({ err: error, sourceId: due.sourceId }, "a scheduled discovery failed");
    await endDiscovery(deps.db, due, messageOf(error));
  }
}

/** The user who set the schedule, with their rights of now. */
async function principalOf(
  { policies }: ScheduleDeps,
  { orgId, userId, apiKeyId }: DueSchedule,
  signal: AbortSignal,
): Promise<Principal> {
  const user = { orgId, userId, ...(apiKeyId !== null && { apiKeyId }) };
  try {
    const rights = await policies.getPrincipal(user, { signal, timeoutMs: rightsTimeoutMs });
    return { ...user, ...rightsOf(rights) };
  } catch (error) {
    const isGone = error instanceof ConnectError && error.code === Code.NotFound;
    if (isGone)
      throw new ConnectError("the user who set the schedule, or their API key, is gone", Code.NotFound);
    throw error;
  }
}

/** Texts of other errors were not written for callers. */
const messageOf = (error: unknown): string =>
  error instanceof ConnectError
    ? error.rawMessage.slice(0, messageCharactersMax).toWellFormed()
    : "an internal error";
