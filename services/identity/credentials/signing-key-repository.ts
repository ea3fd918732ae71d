import { asc, inArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { signingKeys } from "../schema.ts";

export type SigningKeyRow = typeof signingKeys.$inferSelect;
export type NewSigningKey = Omit<SigningKeyRow, "createTime">;

/** Signing keys, oldest first. */
export function listSigningKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys).orderBy(asc(signingKeys.createTime), asc(signingKeys.kid));
}

export async function insertSigningKey(db: Db, key: NewSigningKey): Promise<void> {
  await db.insert(signingKeys).values(key);
}

export async function deleteSigningKeys(db: Db, kids: readonly string[]): Promise<void> {
  await db.delete(signingKeys).where(inArray(signingKeys.kid, [...kids]));
}

/** The database's time, in milliseconds. */
export async function readTimeMs(db: Db): Promise<number> {
  const [row] = await db.execute<{ ms: number }>(
    sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`,
  );
  return row?.ms ?? Date.now();
}
