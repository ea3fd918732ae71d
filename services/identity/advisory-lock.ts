import { sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";

/** Takes an advisory lock by name until the transaction ends. It holds across processes. */
export async function holdLock(tx: Db, name: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${`sluice identity ${name}`}))`);
}
