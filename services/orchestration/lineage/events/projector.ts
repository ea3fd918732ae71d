import type { Db } from "../../../lib/database/database.ts";
import { runPeriodically } from "../../../lib/process/run-periodically.ts";
import { outsideCalls } from "../../../lib/rpc/call.ts";
import type { Logger } from "../../../lib/telemetry/log.ts";
import { type LoggedEvent, listUnprojected } from "./event-repository.ts";
import { projectEvents } from "./project-events.ts";

/** Time after which the call that recorded an event is no longer expected to add it to the graph, in milliseconds. */
const graceMs = 30_000;
const pauseMs = 10_000;
const batchEvents = 200;

type ProjectorDeps = { readonly db: Db; readonly log: Logger };

/** Adds events to the graph that a call recorded and did not add, until `stop` aborts. */
export function runProjector(deps: ProjectorDeps, stop: AbortSignal): Promise<void> {
  const failureText = "events are not in the lineage graph yet";
  const options = { pauseMs, stop, log: deps.log, failureText };
  return outsideCalls(() =>
    runPeriodically(options, () => projectPending(deps, new Date(Date.now() - graceMs), stop)),
  );
}

/**
 * Adds the events to the graph that were recorded before a time, except those of graphs that are being rebuilt.
 * @internal Exported for tests: `runProjector` waits for calls that are still running.
 */
export async function projectPending(deps: ProjectorDeps, before: Date, stop: AbortSignal): Promise<void> {
  let isMore = true;
  while (isMore) {
    const events = await listUnprojected(deps.db, before, batchEvents);
    isMore = events.length === batchEvents;
    for (const [orgId, group] of Map.groupBy(events, (event) => event.orgId)) {
      if (stop.aborted) return;
      const isAdded = await projectGroup(deps, orgId, group);
      isMore &&= isAdded;
    }
  }
}

/** If a group fails, each event is added alone, so that one does not keep the others out. */
async function projectGroup(
  deps: ProjectorDeps,
  orgId: string,
  group: readonly LoggedEvent[],
): Promise<boolean> {
  try {
    return await projectEvents(deps.db, orgId, group);
  } catch (err) {
    const [only, ...others] = group;
    if (others.length > 0) for (const event of group) await projectGroup(deps, orgId, [event]);
    else deps.log.error({ err, eventId: only?.eventId }, "an event is not in the lineage graph");
    return false;
  }
}
