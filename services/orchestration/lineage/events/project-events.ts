import { sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { defaultNamespace, everywhere } from "../../../lib/database/scope.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import type { Lineage } from "../lineage.ts";
import { insertLineage } from "../lineage-repository.ts";
import { inOpenNamespaces } from "../open-namespaces.ts";
import { type EventLineage, eventLineage } from "./event-lineage.ts";
import { deleteUnprojected, type LoggedEvent } from "./event-repository.ts";
import { parseEvent } from "./open-lineage.ts";
import { listOwnEntities, withReferences } from "./own-entities.ts";

export type EventWithLineage = Pick<LoggedEvent, "eventId" | "namespace"> & { readonly lineage: Lineage };

/** Scope of the projection, which has no caller. */
const projectionScope = (orgId: string): Scope => ({
  ...everywhere({ orgId }),
  principal: { orgId, userId: "", roles: [] },
});

/** Key of the lock that a rebuild of an organisation's graph holds. */
export const projectionLock = (orgId: string) =>
  sql`hashtextextended(${`sluice lineage projection ${orgId}`}, 0)`;

/**
 * Adds events to the graph. Returns the ids of those that are in it: none while the graph is rebuilt, and no events of a
 * namespace that is being deleted. The others are added afterwards.
 */
export async function addToGraph(
  tx: Db,
  orgId: string,
  events: readonly EventWithLineage[],
): Promise<ReadonlySet<string>> {
  if (events.length === 0) return new Set();
  const [row] = await tx.execute(
    sql`select pg_try_advisory_xact_lock_shared(${projectionLock(orgId)}) as "isFree"`,
  );
  if (row?.isFree !== true) return new Set();
  const open = await inOpenNamespaces(tx, orgId, events);
  await insertEventLineages(tx, orgId, open);
  return new Set(open.map(({ eventId }) => eventId));
}

/** Adds recorded events of one organisation to the graph. Returns whether it has all of them. */
export async function projectEvents(db: Db, orgId: string, events: readonly LoggedEvent[]): Promise<boolean> {
  const lineages = await readLoggedEvents(db, orgId, events);
  return db.transaction(async (tx) => {
    const added = await addToGraph(tx, orgId, lineages);
    await deleteUnprojected(tx, orgId, [...added]);
    return added.size === lineages.length;
  });
}

/** The lineage of recorded events. */
export async function readLoggedEvents(
  db: Db,
  orgId: string,
  events: readonly Omit<LoggedEvent, "orgId">[],
): Promise<EventWithLineage[]> {
  const parsed = events.map(({ eventId, namespace, event }) => ({
    eventId,
    namespace,
    ofEvent: lineageOf(orgId, event),
  }));
  const references = parsed.flatMap(({ ofEvent }) => [...(ofEvent?.references.keys() ?? [])]);
  const own = await listOwnEntities(db, projectionScope(orgId), [...new Set(references)]);
  return parsed.map(({ eventId, namespace, ofEvent }) => ({
    eventId,
    namespace,
    lineage: ofEvent ? withReferences(ofEvent, own) : { entities: [], edges: [], columns: [] },
  }));
}

/** Undefined for an event that a later version of this program refuses. */
function lineageOf(orgId: string, text: string): EventLineage | undefined {
  const result = parseEvent(JSON.parse(text));
  if (!("event" in result)) return undefined;
  const ofEvent = eventLineage(orgId, result.event);
  return ofEvent.violations.length > 0 ? undefined : ofEvent;
}

/** Adds the lineage of events. An entity belongs to the namespace of the first event. */
export async function insertEventLineages(
  tx: Db,
  orgId: string,
  events: readonly EventWithLineage[],
): Promise<void> {
  const lineages = events.map(({ namespace, lineage }) => ({
    ...lineage,
    entities: lineage.entities.map((entity) => ({
      ownerNamespace: namespace || defaultNamespace,
      ...entity,
    })),
  }));
  await insertLineage(tx, projectionScope(orgId), lineages, defaultNamespace);
}
