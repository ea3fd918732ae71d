import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { insertEvents, listEventIds } from "./event-repository.ts";
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
  const fresh = [...new Map(events.map((event) => [event.sha256, event])).values()].flatMap((event) => {
    const eventId = inserted.get(event.sha256);
    return eventId === undefined ? [] : { eventId, namespace, lineage: event.lineage };
  });
  await projectLineages(db, scope, fresh);
  const repeated = events.filter(({ sha256 }) => !inserted.has(sha256)).map(({ sha256 }) => sha256);
  const earlier = await listEventIds(db, scope, [...new Set(repeated)]);
  return { ids: new Map([...earlier, ...inserted]), fresh: new Set(inserted.keys()) };
}
