import { and, asc, desc, eq, gt, gte, inArray, lt, type SQL, sql } from "drizzle-orm";
import { EventTypeSchema } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { chainsIn } from "../lib/audit/chains.ts";
import type { Db } from "../lib/database/database.ts";
import { enumNames, idField, integerField, timeField, wordField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { chains, events } from "./schema.ts";

export type EventRow = typeof events.$inferSelect;

/** The ends of this service's chains. */
export const eventChains = chainsIn(chains);

const bySequence = integerField(events.sequence);

const eventList = listOf({
  table: events,
  key: bySequence,
  defaultOrder: "sequence desc",
  orderable: { sequence: bySequence },
  filterable: {
    type: wordField(events.type, enumNames(EventTypeSchema)),
    actor_user_id: idField(events.actorUserId),
    sequence: bySequence,
    create_time: timeField(events.createTime),
  },
});

export function listProjectEvents(
  db: Db,
  scope: Scope,
  projectId: string,
  request: ListRequest,
): Promise<Page<EventRow>> {
  const where = and(eq(events.orgId, scope.orgId), eq(events.projectId, projectId));
  return eventList.read(db, request, where);
}

/** Whether there are events of a project, which may be deleted. */
export async function hasEvents(db: Db, scope: Scope, projectId: string): Promise<boolean> {
  const rows = await db
    .select({ sequence: events.sequence })
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), eq(events.projectId, projectId)))
    .limit(1);
  return rows.length > 0;
}

/** The user of the newest event of a type; undefined if there is no such event. */
export async function findLastActor(
  db: Db,
  scope: Pick<Scope, "orgId">,
  projectId: string,
  type: string,
): Promise<string | undefined> {
  const [row] = await db
    .select({ actorUserId: events.actorUserId })
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), eq(events.projectId, projectId), eq(events.type, type)))
    .orderBy(desc(events.sequence))
    .limit(1);
  return row?.actorUserId;
}

/** Events of the organisation after a sequence number, oldest first. */
export function listEventsAfter(db: Db, scope: Scope, after: bigint, limit: number): Promise<EventRow[]> {
  return db
    .select()
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), gt(events.sequence, after)))
    .orderBy(asc(events.sequence))
    .limit(limit);
}

/** Selects events of an organisation; undefined and empty select all. */
export type EventFilter = {
  readonly types: readonly string[];
  readonly userId: string;
  readonly projectId: string;
  readonly startTime: Date | undefined;
  readonly endTime: Date | undefined;
  /** Only events before this position. */
  readonly before: { readonly time: Date; readonly sequence: bigint } | undefined;
};

/** Matching events of the organisation, newest first. */
export function listOrgEvents(db: Db, scope: Scope, filter: EventFilter, limit: number): Promise<EventRow[]> {
  return db
    .select()
    .from(events)
    .where(and(eq(events.orgId, scope.orgId), matching(filter)))
    .orderBy(desc(events.createTime), desc(events.sequence))
    .limit(limit);
}

function matching({ types, userId, projectId, startTime, endTime, before }: EventFilter): SQL | undefined {
  return and(
    types.length > 0 ? inArray(events.type, [...types]) : undefined,
    userId ? eq(events.actorUserId, userId) : undefined,
    projectId ? eq(events.projectId, projectId) : undefined,
    startTime ? gte(events.createTime, startTime) : undefined,
    endTime ? lt(events.createTime, endTime) : undefined,
    before &&
      sql`(${events.createTime}, ${events.sequence}) < (${before.time.toISOString()}::timestamptz, ${before.sequence.toString()}::bigint)`,
  );
}

export async function insertEvent(db: Db, scope: Scope, event: Omit<EventRow, "orgId">): Promise<void> {
  await db.insert(events).values({ ...event, orgId: scope.orgId });
}
