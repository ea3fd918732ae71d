import type { Db } from "../../../lib/database/database.ts";
import { hasEventsWithoutContent, listEventsAfter } from "../events/event-repository.ts";
import { insertEventLineages, readLoggedEvents } from "../events/project-events.ts";
import { clearProjection, lockProjection, restoreOwners } from "./projection-repository.ts";

const batchEvents = 500;

/** Outcome of a rebuild. */
export type RebuiltGraph = {
  readonly eventCount: number;
  /** Whether there are events without content, from before it was kept. Then nothing was removed, only added. */
  readonly isAdditive: boolean;
};

/**
 * Makes the graph of an organisation again from its events, in one transaction: readers see the old graph until it ends,
 * and events that arrive meanwhile are added afterwards. What Sluice recorded itself stays as it is, and so does the
 * namespace of each entity.
 */
export function rebuildGraph(db: Db, orgId: string): Promise<RebuiltGraph> {
  return db.transaction(async (tx) => {
    await lockProjection(tx, orgId);
    const isAdditive = await hasEventsWithoutContent(tx, orgId);
    if (!isAdditive) await clearProjection(tx, orgId);
    let eventCount = 0;
    let after: string | undefined;
    do {
      const rows = await listEventsAfter(tx, orgId, after, batchEvents);
      const events = rows.flatMap(({ event, ...row }) => (event === null ? [] : { ...row, event }));
      await insertEventLineages(tx, orgId, await readLoggedEvents(tx, orgId, events));
      eventCount += events.length;
      after = rows.length === batchEvents ? rows.at(-1)?.eventId : undefined;
    } while (after !== undefined);
    if (!isAdditive) await restoreOwners(tx, orgId);
    return { eventCount, isAdditive };
  });
}
