import { and, asc, eq, lt, lte, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import type { Db } from "../../../lib/database/database.ts";
import { batchesOf } from "../../batches.ts";
import { lineageOutbox, lineageReceivers } from "../outbox-schema.ts";

export type OutboxRow = typeof lineageOutbox.$inferSelect;
export type NewOutboxRow = Pick<OutboxRow, "receiver" | "orgId" | "runId" | "event">;

export async function insertOutbox(tx: Db, rows: readonly NewOutboxRow[]): Promise<void> {
  for (const batch of batchesOf(rows)) await tx.insert(lineageOutbox).values(batch);
}

/** Makes the process the one that sends to the receiver, or keeps it so. Returns false if another one is. */
export async function holdReceiver(
  db: Db,
  receiver: string,
  processId: string,
  leaseMs: number,
): Promise<boolean> {
  const untilTime = sql`now() + ${leaseMs} * interval '1 millisecond'`;
  const rows = await db
    .insert(lineageReceivers)
    .values({ receiver, processId, untilTime })
    .onConflictDoUpdate({
      target: lineageReceivers.receiver,
      set: { processId, untilTime },
      setWhere: sql`${lineageReceivers.processId} = ${processId} or ${lineageReceivers.untilTime} < now()`,
    })
    .returning({ receiver: lineageReceivers.receiver });
  return rows.length > 0;
}

/** The first unsent event of each run, if it is due; in the order of their arrival. */
export function listDue(db: Db, receiver: string, limit: number): Promise<OutboxRow[]> {
  const earlier = alias(lineageOutbox, "earlier");
  const isBefore = and(
    eq(earlier.receiver, lineageOutbox.receiver),
    eq(earlier.runId, lineageOutbox.runId),
    lt(earlier.position, lineageOutbox.position),
  );
  return db
    .select()
    .from(lineageOutbox)
    .where(
      and(
        eq(lineageOutbox.receiver, receiver),
        lte(lineageOutbox.nextTime, sql`now()`),
        sql`not exists (select from ${lineageOutbox} as "earlier" where ${isBefore})`,
      ),
    )
    .orderBy(asc(lineageOutbox.position))
    .limit(limit);
}

/** Number of unsent events, up to a maximum. */
export async function countUnsent(db: Db, receiver: string, max: number): Promise<number> {
  const [row] = await db.execute(
    sql`select count(*)::int as count
      from (select from ${lineageOutbox} where receiver = ${receiver} limit ${max}) as unsent`,
  );
  return Number(row?.count ?? 0);
}

const isRow = ({ receiver, position }: Pick<OutboxRow, "receiver" | "position">) =>
  and(eq(lineageOutbox.receiver, receiver), eq(lineageOutbox.position, position));

export async function deleteSent(db: Db, row: OutboxRow): Promise<void> {
  await db.delete(lineageOutbox).where(isRow(row));
}

/** Postpones an event after a failed attempt. */
export async function postpone(db: Db, row: OutboxRow, delayMs: number): Promise<void> {
  await db
    .update(lineageOutbox)
    .set({
      attemptCount: row.attemptCount + 1,
      nextTime: sql`now() + ${delayMs} * interval '1 millisecond'`,
    })
    .where(isRow(row));
}
