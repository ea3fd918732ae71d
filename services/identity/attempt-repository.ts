import { eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { loginAttempts } from "./schema.ts";

const { subject, times } = loginAttempts;
const windowStart = sql`now() - interval '15 minutes'`;
/** Attempts within the window, oldest first. */
const recent = sql`array(select t from unnest(${times}) t where t > ${windowStart} order by t)`;

/**
 * Counts an attempt. False if there were `limit` attempts within the last 15 minutes. Concurrent calls are serialized
 * by the row lock.
 */
export async function insertAttempt(db: Db, of: string, limit: number): Promise<boolean> {
  const rows = await db
    .insert(loginAttempts)
    .values({ subject: of, times: sql`array[clock_timestamp()]` })
    .onConflictDoUpdate({
      target: subject,
      set: { times: sql`${recent} || clock_timestamp()` },
      setWhere: sql`cardinality(${recent}) < ${limit}`,
    })
    .returning({ subject });
  return rows.length > 0;
}

/** Seconds until the oldest attempt leaves the window; at least 1. */
export async function findRetrySeconds(db: Db, of: string): Promise<number> {
  const [row] = await db
    .select({ seconds: sql<number>`ceil(extract(epoch from (${recent})[1] - ${windowStart}))::int` })
    .from(loginAttempts)
    .where(eq(subject, of));
  return Math.max(1, row?.seconds ?? 1);
}

/** Removes the newest attempt, because it was not a failure. */
export async function deleteNewestAttempt(db: Db, of: string): Promise<void> {
  await db
    .update(loginAttempts)
    .set({ times: sql`trim_array(${times}, 1)` })
    .where(sql`${eq(subject, of)} and cardinality(${times}) > 0`);
}

/** Removes all attempts. */
export async function deleteAttempts(db: Db, of: string): Promise<void> {
  await db.delete(loginAttempts).where(eq(subject, of));
}

/** Removes rows whose attempts have left the window. */
export async function deleteStaleAttempts(db: Db): Promise<void> {
  await db.delete(loginAttempts).where(sql`cardinality(${recent}) = 0`);
}
