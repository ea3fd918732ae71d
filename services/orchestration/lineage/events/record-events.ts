import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { deleteUnprojected, insertEvents, insertUnprojected, listKnownEvents } from "./event-repository.ts";
import { addToGraph, type EventWithLineage } from "./project-events.ts";
import type { ReadableEvent } from "./read-events.ts";

/** Ids of events by their hash, and the hashes of the new ones. */
export type RecordedEvents = {
  readonly ids: ReadonlyMap<string, string>;
  readonly fresh: ReadonlySet<string>;
  /** Number of events that the graph lacks. The projector adds them. */
  readonly pendingCount: number;
};

/**
 * Records events and adds them to the graph, so that the caller's next query finds them. An event is never lost because it
 * can't be added: then it is recorded alone, and the projector repeats the rest.
 */
export async function recordEvents(
  db: Db,
  scope: Scope,
  events: readonly ReadableEvent[],
  namespace: string,
): Promise<RecordedEvents> {
  if (events.length === 0) return { ids: new Map(), fresh: new Set(), pendingCount: 0 };
  const record = (add: typeof addToGraph) =>
    db.transaction((tx) => appendEvents(tx, scope, events, { namespace, add }));
  try {
    return await record(addToGraph);
  } catch {
    // If it was not the graph that failed, this fails as well.
    return record(() => Promise.resolve(new Set()));
  }
}

async function appendEvents(
  tx: Db,
  scope: Scope,
  events: readonly ReadableEvent[],
  { namespace, add }: { readonly namespace: string; readonly add: typeof addToGraph },
): Promise<RecordedEvents> {
  const { orgId } = scope;
  const inserted = await insertEvents(tx, scope, events, namespace);
  const byHash = new Map(events.map((event) => [event.sha256, event]));
  const repeated = [...byHash.keys()].filter((sha256) => !inserted.has(sha256));
  const known = await listKnownEvents(tx, scope, repeated);
  const missing = [...byHash.values()].flatMap(({ sha256, lineage }): EventWithLineage[] => {
    const eventId = inserted.get(sha256);
    if (eventId !== undefined) return [{ eventId, namespace, lineage }];
    const event = known.get(sha256);
    return event?.isPending ? [{ ...event, lineage }] : [];
  });
  const added = await add(tx, orgId, missing);
  const isAdded = (eventId: string) => added.has(eventId);
  await deleteUnprojected(tx, orgId, [...known.values()].map(({ eventId }) => eventId).filter(isAdded));
  await insertUnprojected(
    tx,
    orgId,
    [...inserted.values()].filter((eventId) => !isAdded(eventId)),
  );
  const ids = [...known].map(([sha256, { eventId }]) => [sha256, eventId] as const);
  return {
    ids: new Map([...ids, ...inserted]),
    fresh: new Set(inserted.keys()),
    pendingCount: missing.length - added.size,
  };
}
