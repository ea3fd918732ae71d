import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { ofRevision } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { quotas } from "./schema.ts";

export type QuotaRow = typeof quotas.$inferSelect;
/** The part of a scope that selects a quota. Background work has nothing else. */
export type Owner = Pick<Scope, "orgId">;

/** Default quota of an organisation, in bytes. The contract states it. */
const limitBytesDefault = 2 ** 40;

const one = (owner: Owner) => eq(quotas.orgId, owner.orgId);

/** The organisation's quota; the default before anything was set or stored. */
export async function findQuota(db: Db, owner: Owner): Promise<QuotaRow> {
  const [row] = await db.select().from(quotas).where(one(owner));
  return row ?? untouched(owner);
}

/** The organisation's quota, locked until the transaction ends. */
export async function lockQuota(db: Db, owner: Owner): Promise<QuotaRow> {
  await db.insert(quotas).values({ orgId: owner.orgId, limitBytes: limitBytesDefault }).onConflictDoNothing();
  const [row] = await db.select().from(quotas).where(one(owner)).for("update");
  if (!row) throw new Error("the quota that was inserted is not there");
  return row;
}

/** Sets the limit of a quota with this revision (undefined: any). Returns undefined if the revision differs. */
export async function updateLimit(
  db: Db,
  owner: Owner,
  revision: number | undefined,
  limitBytes: number,
): Promise<QuotaRow | undefined> {
  const [row] = await db
    .update(quotas)
    .set({ limitBytes, updateTime: sql`now()`, revision: sql`${quotas.revision} + 1` })
    .where(and(one(owner), ofRevision(quotas.revision, revision)))
    .returning();
  return row;
}

/** Adds to the usage counters; amounts may be negative. The first reservation has created the row. */
export async function updateUsage(
  db: Db,
  owner: Owner,
  change: { usedBytes?: number; reservedBytes?: number; fileCount?: number },
): Promise<void> {
  const { usedBytes = 0, reservedBytes = 0, fileCount = 0 } = change;
  const rows = await db
    .update(quotas)
    .set({
      usedBytes: sql`${quotas.usedBytes} + ${usedBytes}`,
      reservedBytes: sql`${quotas.reservedBytes} + ${reservedBytes}`,
      fileCount: sql`${quotas.fileCount} + ${fileCount}`,
    })
    .where(one(owner))
    .returning({ orgId: quotas.orgId });
  if (rows.length === 0) throw new Error("there is no quota to count on");
}

/** Counts files without a reservation. Returns false, and counts nothing, if they exceed the quota. */
export async function addUsage(
  db: Db,
  { orgId }: Owner,
  { usedBytes, fileCount }: { usedBytes: number; fileCount: number },
): Promise<boolean> {
  const rows = await db
    .insert(quotas)
    .values({ orgId, limitBytes: limitBytesDefault, usedBytes, fileCount })
    .onConflictDoUpdate({
      target: quotas.orgId,
      set: {
        usedBytes: sql`${quotas.usedBytes} + ${usedBytes}`,
        fileCount: sql`${quotas.fileCount} + ${fileCount}`,
      },
      setWhere: sql`${quotas.limitBytes} - ${quotas.usedBytes} - ${quotas.reservedBytes} >= ${usedBytes}`,
    })
    .returning({ orgId: quotas.orgId });
  return rows.length > 0;
}

const untouched = ({ orgId }: Owner): QuotaRow => ({
  orgId,
  limitBytes: limitBytesDefault,
  usedBytes: 0,
  reservedBytes: 0,
  fileCount: 0,
  updateTime: null,
  revision: 0,
});
