import { sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";

/** Waits until no other transaction, of any process, holds the lock of that name; holds it to the transaction's end. */
export async function holdLock(tx: Db, name: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${`sluice identity ${name}`}))`);
}
