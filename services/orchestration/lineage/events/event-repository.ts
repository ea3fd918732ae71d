import { and, asc, eq, getTableColumns, gt, isNull, lt, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { enterNamespace } from "../../../lib/database/namespace-gate.ts";
import { prepared } from "../../../lib/database/prepared-statements.ts";
import { everywhere, ownerIn, within } from "../../../lib/database/scope.ts";
import { idField, timeField } from "../../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../../lib/list/list-of.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { newId } from "../../../lib/values/ids.ts";
import { batchesOf } from "../../batches.ts";
import { closedNamespaces } from "../../schema.ts";
import { texts, uuids } from "../arrays.ts";
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
    const isOne = sql`${sha256} in (select decode(hash, 'hex') from unnest(${texts(batch)}) as hash)`;
    const rows = await db
      .select({ hash: sql<string>`encode(${sha256}, 'hex')`, eventId, namespace, isPending })
      .from(lineageEvents)
      .leftJoin(
        unprojectedEvents,
        and(eq(unprojectedEvents.orgId, lineageEvents.orgId), eq(unprojectedEvents.eventId, eventId)),
      )
      .where(and(within(everywhere({ orgId }), lineageEvents), isOne));
    for (const { hash, ...event } of rows) known.set(hash, event);
  }
  return known;
}

/** Inserts events. Returns the ids of the new ones by hash. */
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
    const hashes = new Map(batch.map(({ sha256 }) => [newId(), sha256]));
    const each = (textOf: (event: NewEvent) => string | undefined) =>
      batch.map((event) => textOf(event) ?? null);
    const rows = await tx.execute<{ eventId: string }>(sql`${prepared}
      insert into ${lineageEvents}
        (org_id, owner_namespace, event_id, sha256, event, entity_id, event_type, event_time, run_id)
      select ${owner.orgId}::uuid, ${owner.namespace}::text, event_id, decode(sha256, 'hex'), event, entity_id,
        event_type, event_time::timestamptz, run_id
      from unnest(${uuids([...hashes.keys()])}, ${texts([...hashes.values()])}, ${texts(each(({ text }) => text))},
        ${uuids(each(({ entityId }) => entityId))}, ${texts(each(({ eventType }) => eventType))},
        ${texts(each(({ eventTime }) => eventTime))}, ${uuids(each(({ runId }) => runId))})
        as logged (event_id, sha256, event, entity_id, event_type, event_time, run_id)
      on conflict do nothing returning event_id as "eventId"`);
    for (const { eventId } of rows) inserted.set(hashes.get(eventId) ?? "", eventId);
  }
  return inserted;
}

/** Adds events to those to be projected. */
export async function insertUnprojected(tx: Db, orgId: string, eventIds: readonly string[]): Promise<void> {
  for (const batch of batchesOf(eventIds)) {
    await tx.insert(unprojectedEvents).values(batch.map((eventId) => ({ orgId, eventId })));
  }
}

/** Removes events from those to be projected. */
export async function deleteUnprojected(tx: Db, orgId: string, eventIds: readonly string[]): Promise<void> {
  const { eventId } = unprojectedEvents;
  for (const batch of batchesOf(eventIds)) {
    const where = and(eq(unprojectedEvents.orgId, orgId), sql`${eventId} = any(${uuids(batch)})`);
    await tx.delete(unprojectedEvents).where(where);
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
