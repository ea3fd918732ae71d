import { and, eq, lte, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { schedules } from "./schedule-schema.ts";

/**
 * Whether work is due; then it is due again after `everyMs`. The first time is that long after the first call. Of concurrent
 * transactions, one gets true.
 */
export async function takeDue(tx: Db, name: string, everyMs: number): Promise<boolean> {
  const nextTime = sql`now() + ${everyMs} * interval '1 millisecond'`;
  await tx.insert(schedules).values({ name, nextTime }).onConflictDoNothing();
  const rows = await tx
    .update(schedules)
    .set({ nextTime })
    .where(and(eq(schedules.name, name), lte(schedules.nextTime, sql`now()`)))
    .returning({ name: schedules.name });
  return rows.length > 0;
}
