import { and, asc, desc, eq, ne, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { orgKeys } from "./encryption-schema.ts";

export type OrgKeyRow = typeof orgKeys.$inferSelect;
type OfOrg = Pick<Scope, "orgId">;

/** The newest key of an organisation that was created for this master key. */
export async function findNewestKey(
  db: Db,
  { orgId }: OfOrg,
  firstMasterKeyId: string,
): Promise<OrgKeyRow | undefined> {
  const [row] = await db
    .select()
    .from(orgKeys)
    .where(and(eq(orgKeys.orgId, orgId), eq(orgKeys.firstMasterKeyId, firstMasterKeyId)))
    .orderBy(desc(orgKeys.createTime), desc(orgKeys.keyId))
    .limit(1);
  return row;
}

export async function findKey(db: Db, { orgId }: OfOrg, keyId: string): Promise<OrgKeyRow | undefined> {
  const [row] = await db
    .select()
    .from(orgKeys)
    .where(and(eq(orgKeys.orgId, orgId), eq(orgKeys.keyId, keyId)));
  return row;
}

export async function insertKey(db: Db, row: Omit<OrgKeyRow, "createTime">): Promise<void> {
  await db.insert(orgKeys).values(row);
}

// The functions below serve maintenance, not a caller: they cover all organisations.

/** Locks some keys that other master keys wrap, and that nobody else has locked. */
export function lockOtherKeys(tx: Db, masterKeyId: string, limit: number): Promise<OrgKeyRow[]> {
  return tx
    .select()
    .from(orgKeys)
    .where(ne(orgKeys.masterKeyId, masterKeyId))
    .orderBy(asc(orgKeys.keyId))
    .limit(limit)
    .for("update", { skipLocked: true });
}

export async function updateWrapped(
  tx: Db,
  { keyId, masterKeyId, wrapped }: Pick<OrgKeyRow, "keyId" | "masterKeyId" | "wrapped">,
): Promise<void> {
  await tx.update(orgKeys).set({ masterKeyId, wrapped }).where(eq(orgKeys.keyId, keyId));
}

/** Number of keys by the master key that wraps them. */
export function countByMaster(db: Db): Promise<{ masterKeyId: string; count: number }[]> {
  return db
    .select({ masterKeyId: orgKeys.masterKeyId, count: sql<number>`count(*)::int` })
    .from(orgKeys)
    .groupBy(orgKeys.masterKeyId);
}

/** A key that this master key wraps. */
export async function findAnyKey(db: Db, masterKeyId: string): Promise<OrgKeyRow | undefined> {
  const [row] = await db.select().from(orgKeys).where(eq(orgKeys.masterKeyId, masterKeyId)).limit(1);
  return row;
}
