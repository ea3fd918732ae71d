import { and, eq, inArray } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { packageHolds } from "./hold-schema.ts";

type Owner = Pick<Scope, "orgId">;

/** Puts files that the transaction has locked on hold for a package. */
export async function insertPackageHolds(
  tx: Db,
  { orgId }: Owner,
  packageId: string,
  fileIds: readonly string[],
): Promise<void> {
  // Three parameters for each: at most 10,000 files are far from the 65,535 of a statement.
  await tx
    .insert(packageHolds)
    .values(fileIds.map((fileId) => ({ orgId, packageId, fileId })))
    .onConflictDoNothing();
}

export async function deletePackageHolds(tx: Db, { orgId }: Owner, packageId: string): Promise<void> {
  await tx
    .delete(packageHolds)
    .where(and(eq(packageHolds.orgId, orgId), eq(packageHolds.packageId, packageId)));
}

/** Ends the holds of packages on files of a namespace that is being deleted, whose projects go too. */
export async function deletePackageHoldsOf(tx: Db, fileIds: readonly string[]): Promise<void> {
  await tx.delete(packageHolds).where(inArray(packageHolds.fileId, [...fileIds]));
}

/** Whether a package holds the file. */
export async function isHeldByPackage(db: Db, { orgId }: Owner, fileId: string): Promise<boolean> {
  const rows = await db
    .select({ fileId: packageHolds.fileId })
    .from(packageHolds)
    .where(and(eq(packageHolds.orgId, orgId), eq(packageHolds.fileId, fileId)))
    .limit(1);
  return rows.length > 0;
}
