import { and, asc, desc, eq, gt, gte, inArray, lt, or, type SQL, sql } from "drizzle-orm";
import { AuditOutcomeSchema } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { Db } from "../database/database.ts";
import type { Scope } from "../rpc/guard.ts";
import type { AuditEventsTable, AuditRow } from "./audit-events-table.ts";
import type { AuditFilter, Before } from "./audit-filter.ts";

type OfOrg = Pick<Scope, "orgId">;

/** Events of the organisation after a sequence number, oldest first. */
export function listEventsAfter(
  db: Db,
  { orgId }: OfOrg,
  table: AuditEventsTable,
  after: bigint,
  limit: number,
): Promise<AuditRow[]> {
  return db
    .select()
    .from(table)
    .where(and(eq(table.orgId, orgId), gt(table.sequence, after)))
    .orderBy(asc(table.sequence))
    .limit(limit);
}

/** Events that match, newest first, from the newest before a position on. */
export function listEventsBefore(
  db: Db,
  { orgId }: OfOrg,
  table: AuditEventsTable,
  filter: AuditFilter,
  before: Before | undefined,
  limit: number,
): Promise<AuditRow[]> {
  return db
    .select()
    .from(table)
    .where(and(eq(table.orgId, orgId), matching(table, filter), earlier(table, before)))
    .orderBy(desc(table.createTime), desc(table.sequence))
    .limit(limit);
}

function matching(table: AuditEventsTable, filter: AuditFilter): SQL | undefined {
  const { kinds, userId, resource, outcome, startTime, endTime } = filter;
  return and(
    kinds.length > 0 ? inArray(table.kind, [...kinds]) : undefined,
    userId ? or(eq(table.actorUserId, userId), eq(table.resource, `users/${userId}`)) : undefined,
    resource ? eq(table.resource, resource) : undefined,
    outcome ? eq(table.outcome, AuditOutcomeSchema.value[outcome]?.name ?? "") : undefined,
    startTime ? gte(table.createTime, startTime) : undefined,
    endTime ? lt(table.createTime, endTime) : undefined,
  );
}

function earlier(table: AuditEventsTable, before: Before | undefined): SQL | undefined {
  if (!before) return undefined;
  const { time, sequence } = before;
  const position = sql`(${time.toISOString()}::timestamptz, ${sequence.toString()}::bigint)`;
  return sql`(${table.createTime}, ${table.sequence}) < ${position}`;
}
