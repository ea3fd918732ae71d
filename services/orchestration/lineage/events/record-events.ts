import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { insertEvents, listKnownEvents } from "./event-repository.ts";
import { projectLineages } from "./project-events.ts";
import type { ReadableEvent } from "./read-events.ts";

/** Ids of events by their hash, and the hashes of the new ones. */
export type RecordedEvents = {
  readonly ids: ReadonlyMap<string, string>;
  readonly fresh: ReadonlySet<string>;
};

/**
 * Records events, and then adds them to the graph: an event is never lost because it could not be added. If that fails,
 * the projector repeats it.
 */
export async function recordEvents(
  db: Db,
  scope: Scope,
  events: readonly ReadableEvent[],
  namespace: string,
): Promise<RecordedEvents> {
  if (events.length === 0) return { ids: new Map(), fresh: new Set() };
  const inserted = await db.transaction((tx) => insertEvents(tx, scope, events, namespace));
  const byHash = new Map(events.map((event) => [event.sha256, event]));
  const repeated = [...byHash.keys()].filter((sha256) => !inserted.has(sha256));
  const known = await listKnownEvents(db, scope, repeated);
  await projectLineages(
    db,
    scope,
    [...byHash.values()].flatMap(({ sha256, lineage }) => {
      const eventId = inserted.get(sha256);
      if (eventId !== undefined) return { eventId, namespace, lineage };
      const event = known.get(sha256);
      // The call that recorded it may still be adding it to the graph, and may fail.
      return event?.isPending ? { ...event, lineage } : [];
    }),
  );
  const ids = [...known].map(([sha256, { eventId }]) => [sha256, eventId] as const);
  return { ids: new Map([...ids, ...inserted]), fresh: new Set(inserted.keys()) };
}
