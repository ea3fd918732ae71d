import { and, eq, exists, inArray, isNull, not, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { files } from "../schema.ts";
import { fileHolds, packageHolds } from "./hold-schema.ts";

export type HoldRow = typeof fileHolds.$inferSelect;

const one = ({ orgId }: Pick<Scope, "orgId">, fileId: string) =>
  and(eq(fileHolds.orgId, orgId), eq(fileHolds.fileId, fileId));

/** Condition for files on legal hold, in a query of `files`. */
export const isOnLegalHold = (db: Db): SQL =>
  exists(db.select({ one: sql`1` }).from(fileHolds).where(eq(fileHolds.fileId, files.fileId)));

const isInPackage = (db: Db): SQL =>
  exists(db.select({ one: sql`1` }).from(packageHolds).where(eq(packageHolds.fileId, files.fileId)));

/** Condition for files that nothing holds. Whatever deletes a file excludes the others. */
export const isNotHeld = (db: Db): SQL => sql`(${not(isOnLegalHold(db))} and ${not(isInPackage(db))})`;

const isHeld = (db: Db): SQL => sql`(${isOnLegalHold(db)} or ${isInPackage(db)})`;

export type HoldKind = "legal" | "approval";

/** What holds a file, in a query of `files`; null for none. */
export const heldBy = (db: Db): SQL<HoldKind | null> =>
  sql<HoldKind | null>`case when ${isOnLegalHold(db)} then 'legal' when ${isInPackage(db)} then 'approval' end`;

export async function findHold(
  db: Db,
  scope: Pick<Scope, "orgId">,
  fileId: string,
): Promise<HoldRow | undefined> {
  const [row] = await db.select().from(fileHolds).where(one(scope, fileId));
  return row;
}

/** Those of the files that are on hold. */
export async function listHeld(db: Db, orgId: string, fileIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .select({ fileId: fileHolds.fileId })
    .from(fileHolds)
    .where(and(eq(fileHolds.orgId, orgId), inArray(fileHolds.fileId, [...fileIds])));
  return new Set(rows.map((row) => row.fileId));
}

/** The first of these files that is on hold; undefined if there is none. */
export async function findHeldFile(
  db: Db,
  where: SQL | undefined,
  held = isHeld(db),
): Promise<string | undefined> {
  const [row] = await db.select({ fileId: files.fileId }).from(files).where(and(where, held)).limit(1);
  return row?.fileId;
}

/** Puts a file of the scope on hold, or changes the reason. Returns undefined if there is no such file. */
export async function insertHold(
  tx: Db,
  scope: Scope,
  fileId: string,
  reason: string,
): Promise<HoldRow | undefined> {
  const [file] = await tx
    .select({ fileId: files.fileId })
    .from(files)
    .where(and(within(scope, files), eq(files.fileId, fileId), isNull(files.deleteTime)))
    .for("key share");
  if (!file) return undefined;
  const { orgId, principal } = scope;
  const [row] = await tx
    .insert(fileHolds)
    .values({ fileId, orgId, reason, creatorUserId: principal.userId })
    .onConflictDoUpdate({ target: fileHolds.fileId, set: { reason } })
    .returning();
  return row;
}

/** Returns false if there was none. */
export async function deleteHold(tx: Db, scope: Scope, fileId: string): Promise<boolean> {
  const rows = await tx.delete(fileHolds).where(one(scope, fileId)).returning({ fileId: fileHolds.fileId });
  return rows.length > 0;
}
