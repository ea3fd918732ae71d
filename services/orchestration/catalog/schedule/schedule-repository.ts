import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { within } from "../../../lib/database/scope.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { sources } from "../../schema.ts";
import { discoverySchedules } from "../catalog-schema.ts";

export type ScheduleRow = typeof discoverySchedules.$inferSelect;
/** A schedule whose discovery this process runs now. */
export type DueSchedule = ScheduleRow & { readonly startTime: string };

/** The schedule of a source; undefined if it has none, or the source is not in the scope. */
export async function findSchedule(db: Db, scope: Scope, sourceId: string): Promise<ScheduleRow | undefined> {
  const [row] = await db
    .select({ schedule: discoverySchedules })
    .from(discoverySchedules)
    .innerJoin(sources, eq(sources.sourceId, discoverySchedules.sourceId))
    .where(and(within(scope, sources), eq(discoverySchedules.sourceId, sourceId)));
  return row?.schedule;
}

/** Sets the schedule of a source of the scope. A new one is due at once, a changed one after its interval at the latest. */
export async function setSchedule(
  tx: Db,
  { orgId, principal }: Scope,
  sourceId: string,
  intervalMinutes: number,
): Promise<ScheduleRow | undefined> {
  const owner = { userId: principal.userId, apiKeyId: principal.apiKeyId ?? null };
  const nextTime = sql`least(${discoverySchedules.nextTime}, now() + ${intervalMinutes} * interval '1 minute')`;
  const [row] = await tx
    .insert(discoverySchedules)
    .values({ sourceId, orgId, intervalMinutes, ...owner, nextTime: sql`now()` })
    .onConflictDoUpdate({
      target: discoverySchedules.sourceId,
      set: { intervalMinutes, ...owner, nextTime },
      setWhere: eq(discoverySchedules.orgId, orgId),
    })
    .returning();
  return row;
}

/** Removes the schedule of a source of the scope. */
export async function deleteSchedule(tx: Db, { orgId }: Scope, sourceId: string): Promise<void> {
  await tx
    .delete(discoverySchedules)
    .where(and(eq(discoverySchedules.orgId, orgId), eq(discoverySchedules.sourceId, sourceId)));
}

/**
 * Takes the schedule that has been due longest, without those of some organisations. It is due again after `leaseMs` if this
 * process ends before it reports the outcome. Takes no scope: background work has no caller.
 */
export async function takeDue(
  db: Db,
  leaseMs: number,
  busyOrgs: readonly string[],
): Promise<DueSchedule | undefined> {
  const [row] = await db
    .update(discoverySchedules)
    .set({ startTime: sql`now()`, nextTime: sql`now() + ${leaseMs} * interval '1 millisecond'` })
    .where(
      sql`${discoverySchedules.sourceId} = (
        select due.source_id from ${discoverySchedules} as due
        where due.next_time <= now() and due.org_id <> all(${sql.param([...busyOrgs])}::uuid[])
        order by due.next_time limit 1 for update skip locked)`,
    )
    .returning();
  return row && row.startTime !== null ? { ...row, startTime: row.startTime } : undefined;
}

const isStillOurs = ({ sourceId, startTime }: DueSchedule) =>
  and(
    eq(discoverySchedules.sourceId, sourceId),
    sql`${discoverySchedules.startTime} = ${startTime}::timestamptz`,
  );

/** Records the outcome; empty for success. However many times were missed, the next one is an interval after this start. */
export async function endDiscovery(db: Db, due: DueSchedule, errorMessage: string): Promise<void> {
  const nextTime = sql`${discoverySchedules.startTime} + ${discoverySchedules.intervalMinutes} * interval '1 minute'`;
  await db
    .update(discoverySchedules)
    .set({ nextTime, endTime: sql`now()`, errorMessage })
    .where(isStillOurs(due));
}

/** Gives a discovery back that did not come to its end, because this process stops. */
export async function releaseDiscovery(db: Db, due: DueSchedule): Promise<void> {
  await db.update(discoverySchedules).set({ nextTime: sql`now()` }).where(isStillOurs(due));
}
