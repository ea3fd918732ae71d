import { and, asc, eq, getTableColumns, gt, inArray, isNull, lt, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { enterNamespace } from "../../../lib/database/namespace-gate.ts";
import { everywhere, ownerIn, within } from "../../../lib/database/scope.ts";
import { idField, timeField } from "../../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../../lib/list/list-of.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { newId } from "../../../lib/values/ids.ts";
import { batchesOf } from "../../batches.ts";
import { closedNamespaces } from "../../schema.ts";
import { lineageEvents, unprojectedEvents } from "../event-schema.ts";

export type EventRow = typeof lineageEvents.$inferSelect;

/** An event to record. */
export type NewEvent = {
  /** Hex hash of the event. */
  readonly sha256: string;
  /** JSON as it was received. */
  readonly text: string;
  readonly entityId: string;
  readonly eventType: string;
  readonly eventTime: string;
  readonly runId: string | undefined;
};

export async function findEvent(db: Db, scope: Scope, eventId: string): Promise<EventRow | undefined> {
  const [row] = await db
    .select()
    .from(lineageEvents)
    .where(and(within(scope, lineageEvents), eq(lineageEvents.eventId, eventId)));
  return row;
}

const { event: _event, sha256: _sha256, ...describing } = getTableColumns(lineageEvents);

/** An event without its content. */
export type EventDescription = Omit<EventRow, "event" | "sha256">;

const eventList = listOf<typeof lineageEvents, EventDescription>({
  table: lineageEvents,
  columns: describing,
  key: idField(lineageEvents.eventId),
  orderable: {
    create_time: timeField(lineageEvents.createTime),
    event_time: timeField(lineageEvents.eventTime),
  },
  filterable: {
    entity_id: idField(lineageEvents.entityId),
    run_id: idField(lineageEvents.runId),
    create_time: timeField(lineageEvents.createTime),
    event_time: timeField(lineageEvents.eventTime),
  },
});

/** A page of events. An empty `entityId` selects all. */
export function listEvents(
  db: Db,
  scope: Scope,
  request: ListRequest,
  entityId: string,
): Promise<Page<EventDescription>> {
  const where = and(
    within(scope, lineageEvents),
    entityId === "" ? undefined : eq(lineageEvents.entityId, entityId),
  );
  return eventList.read(db, request, where);
}

/** A recorded event, and whether the graph lacks it. */
export type KnownEvent = Pick<EventRow, "eventId" | "namespace"> & { readonly isPending: boolean };

/** Recorded events by their hash. */
export async function listKnownEvents(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, KnownEvent>> {
  const { sha256, eventId, namespace } = lineageEvents;
  const isPending = sql<boolean>`${unprojectedEvents.eventId} is not null`;
  const known = new Map<string, KnownEvent>();
  for (const batch of batchesOf(hashes)) {
    const bytes = batch.map((hash) => Buffer.from(hash, "hex"));
    const rows = await db
      .select({ sha256, eventId, namespace, isPending })
      .from(lineageEvents)
      .leftJoin(
        unprojectedEvents,
        and(eq(unprojectedEvents.orgId, lineageEvents.orgId), eq(unprojectedEvents.eventId, eventId)),
      )
      .where(and(within(everywhere({ orgId }), lineageEvents), inArray(sha256, bytes)));
    for (const { sha256: hash, ...event } of rows) known.set(hexOf(hash), event);
  }
  return known;
}

/** Inserts events, which are to be projected. Returns the ids of the new ones by hash. */
export async function insertEvents(
  tx: Db,
  scope: Scope,
  events: readonly NewEvent[],
  namespace: string,
): Promise<ReadonlyMap<string, string>> {
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const inserted = new Map<string, string>();
  const byHash = new Map(events.map((event) => [event.sha256, event]));
  const sorted = [...byHash.values()].sort((one, other) => (one.sha256 < other.sha256 ? -1 : 1));
  for (const batch of batchesOf(sorted)) {
    const values = batch.map(({ sha256, text, eventTime, ...event }) => ({
      ...event,
      ...owner,
      eventId: newId(),
      sha256: Buffer.from(sha256, "hex"),
      event: text,
      eventTime: new Date(eventTime),
    }));
    const rows = await tx
      .insert(lineageEvents)
      .values(values)
      .onConflictDoNothing()
      .returning({ sha256: lineageEvents.sha256, eventId: lineageEvents.eventId });
    if (rows.length === 0) continue;
    await tx.insert(unprojectedEvents).values(rows.map(({ eventId }) => ({ orgId: scope.orgId, eventId })));
    for (const { sha256, eventId } of rows) inserted.set(hexOf(sha256), eventId);
  }
  return inserted;
}

const hexOf = (sha256: Uint8Array): string => Buffer.from(sha256).toString("hex");

/** Removes events from those to be projected. */
export async function deleteUnprojected(tx: Db, orgId: string, eventIds: readonly string[]): Promise<void> {
  for (const batch of batchesOf(eventIds)) {
    await tx
      .delete(unprojectedEvents)
      .where(and(eq(unprojectedEvents.orgId, orgId), inArray(unprojectedEvents.eventId, batch)));
  }
}

/** An event to be projected, of any organisation. */
export type LoggedEvent = {
  readonly orgId: string;
  readonly namespace: string;
  readonly eventId: string;
  readonly event: string;
};

const logged = {
  orgId: lineageEvents.orgId,
  namespace: lineageEvents.namespace,
  eventId: lineageEvents.eventId,
  event: lineageEvents.event,
};

/** Events of all organisations that were recorded before a time and are not in the graph; in the order of arrival. */
export async function listUnprojected(db: Db, before: Date, limit: number): Promise<LoggedEvent[]> {
  const rows = await db
    .select(logged)
    .from(unprojectedEvents)
    .innerJoin(
      lineageEvents,
      and(
        eq(lineageEvents.orgId, unprojectedEvents.orgId),
        eq(lineageEvents.eventId, unprojectedEvents.eventId),
      ),
    )
    .where(lt(unprojectedEvents.createTime, before))
    .orderBy(asc(unprojectedEvents.createTime), asc(unprojectedEvents.eventId))
    .limit(limit);
  return rows.flatMap(({ event, ...row }) => (event === null ? [] : { ...row, event }));
}

/** Events of an organisation after one, in the order of their ids, which begin with the time of arrival. */
export async function listEventsAfter(
  db: Db,
  orgId: string,
  after: string | undefined,
  limit: number,
): Promise<Pick<EventRow, "eventId" | "namespace" | "event">[]> {
  const { eventId, namespace, event } = lineageEvents;
  return db
    .select({ eventId, namespace, event })
    .from(lineageEvents)
    .where(and(within(everywhere({ orgId }), lineageEvents), after ? gt(eventId, after) : undefined))
    .orderBy(asc(eventId))
    .limit(limit);
}

/** Organisations with events. */
export async function listOrgsWithEvents(db: Db): Promise<string[]> {
  const rows = await db.selectDistinct({ orgId: lineageEvents.orgId }).from(lineageEvents);
  return rows.map(({ orgId }) => orgId);
}

/** Whether an organisation has events whose content was not kept yet. */
export async function hasEventsWithoutContent(db: Db, orgId: string): Promise<boolean> {
  const where = and(within(everywhere({ orgId }), lineageEvents), isNull(lineageEvents.event));
  const rows = await db.select({ eventId: lineageEvents.eventId }).from(lineageEvents).where(where).limit(1);
  return rows.length > 0;
}
