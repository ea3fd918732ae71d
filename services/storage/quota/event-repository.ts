import { isNull, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, ownerIn } from "../../lib/database/scope.ts";
import { newId } from "../../lib/values/ids.ts";
import { quotaEvents } from "./quota-schema.ts";

type QuotaEventRow = typeof quotaEvents.$inferSelect;
export type NewEvent = Pick<
  QuotaEventRow,
  "kind" | "usedBytes" | "usedFiles" | "reservedBytes" | "reservedFiles"
> & {
  /** Null for the organisation. */
  readonly namespace: string | null;
};

/** Retention of events. */
const keptFor = sql`interval '90 days'`;

export async function insertEvents(tx: Db, orgId: string, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const { orgId: ownerOrgId } = ownerIn(everywhere({ orgId }), "");
  await tx.insert(quotaEvents).values(
    events.map((event) => ({
      ...event,
      eventId: newId(),
      orgId: ownerOrgId,
      namespace: event.namespace ?? "",
    })),
  );
}

// The functions below serve the collector, not a caller: they cover all organisations.

/** Marks the events that nobody has reported yet, and returns them. Each is returned once, in one process. */
export function takeUnreported(db: Db): Promise<QuotaEventRow[]> {
  return db
    .update(quotaEvents)
    .set({ reportTime: sql`now()` })
    .where(isNull(quotaEvents.reportTime))
    .returning();
}

export async function deleteOldEvents(db: Db): Promise<void> {
  await db.delete(quotaEvents).where(sql`${quotaEvents.createTime} < now() - ${keptFor}`);
}
