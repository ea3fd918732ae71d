import { eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { loginAttempts } from "../schema.ts";

const { subject, times } = loginAttempts;

/** Longest delay between two attempts, and the number of doublings that reach it, in seconds. */
const delaySecondsMax = 900;
const doublingsMax = 10;

const now = sql`clock_timestamp()`;
const windowStart = sql`${now} - interval '1 hour'`;
/** Attempts within the last hour, oldest first. */
const recent = sql`array(select t from unnest(${times}) t where t > ${windowStart} order by t)`;

/**
 * Seconds until the next attempt: none for the first `free` ones, then 1, 2, 4 and so on after the newest. Not positive if
 * it may be made now.
 */
const waitSeconds = (free: number) => sql`coalesce((
  select extract(epoch from max(t) - ${now})
    + least(${delaySecondsMax}::int, 2 ^ least(count(*) - ${free}::int, ${doublingsMax}::int))
  from unnest(${times}) t where t > ${windowStart} having count(*) >= ${free}::int), 0)`;

/** Counts an attempt. False if it comes too early. Concurrent calls are serialized by the row lock. */
export async function insertAttempt(db: Db, of: string, free: number): Promise<boolean> {
  const rows = await db
    .insert(loginAttempts)
    .values({ subject: of, times: sql`array[${now}]` })
    .onConflictDoUpdate({
      target: subject,
      set: { times: sql`${recent} || ${now}` },
      setWhere: sql`${waitSeconds(free)} <= 0`,
    })
    .returning({ subject });
  return rows.length > 0;
}

/** Seconds until the next attempt may be made; at least 1. */
export async function findRetrySeconds(db: Db, of: string, free: number): Promise<number> {
  const [row] = await db
    .select({ seconds: sql<number>`ceil(${waitSeconds(free)})::int` })
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
