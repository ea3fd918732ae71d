import { and, eq, inArray, isNotNull, isNull, lte, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { everywhere, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { FileRow } from "../file-repository.ts";
import { isNotHeld } from "../holds/hold-repository.ts";
import { closedNamespaces, files } from "../schema.ts";

/** The part of a scope that selects files. */
type Owner = Pick<Scope, "orgId" | "namespaces">;

/** Files that are removed in one transaction. */
const purgedMax = 500;

const trashed = (owner: Owner, fileId: string) =>
  and(within(owner, files), eq(files.fileId, fileId), isNotNull(files.deleteTime));

/** Moves an upload that the transaction has locked to the trash. */
export async function moveToTrash(tx: Db, file: FileRow, windowMs: number): Promise<FileRow | undefined> {
  const [row] = await tx
    .update(files)
    .set({
      deleteTime: sql`now()`,
      purgeTime: sql`now() + ${windowMs} * interval '1 millisecond'`,
      revision: sql`${files.revision} + 1`,
    })
    .where(and(within(everywhere(file), files), eq(files.fileId, file.fileId), isNull(files.deleteTime)))
    .returning();
  return row;
}

/** Takes a file out of the trash; undefined if it is not there. NotFound while its namespace is being deleted. */
export async function takeFromTrash(tx: Db, scope: Scope, fileId: string): Promise<FileRow | undefined> {
  const file = await lockTrashed(tx, scope, fileId);
  if (!file) return undefined;
  await enterNamespace(tx, closedNamespaces, file);
  const [row] = await tx
    .update(files)
    .set({ deleteTime: null, purgeTime: null, revision: sql`${files.revision} + 1` })
    .where(trashed(scope, fileId))
    .returning();
  return row;
}

/** A file in the trash, locked until the transaction ends. */
export async function lockTrashed(tx: Db, owner: Owner, fileId: string): Promise<FileRow | undefined> {
  const [row] = await tx.select().from(files).where(trashed(owner, fileId)).for("update");
  return row;
}

/** Locks up to 500 files in the trash of the scope that are not on hold. */
export const lockSomeTrashed = (tx: Db, owner: Owner): Promise<FileRow[]> =>
  lockSome(tx, and(within(owner, files), isNotNull(files.deleteTime), isNotHeld(tx)), files.createTime);

/**
 * Locks up to 500 files of one organisation whose time in the trash is over, which are not on hold, and which nobody else
 * removes just now.
 */
export async function lockSomeExpired(tx: Db): Promise<FileRow[]> {
  const isExpired = and(isNotNull(files.deleteTime), lte(files.purgeTime, sql`now()`), isNotHeld(tx));
  const [first] = await tx
    .select({ orgId: files.orgId })
    .from(files)
    .where(isExpired)
    .orderBy(files.purgeTime)
    .limit(1)
    .for("update", { skipLocked: true });
  return first ? lockSome(tx, and(within(everywhere(first), files), isExpired), files.purgeTime) : [];
}

/** In the order of an index, so that many are not sorted for each part. */
function lockSome(tx: Db, where: SQL | undefined, order: SQLWrapper): Promise<FileRow[]> {
  return tx
    .select()
    .from(files)
    .where(where)
    .orderBy(sql`${order}`)
    .limit(purgedMax)
    .for("update", { skipLocked: true });
}

/** Deletes files of an organisation that the transaction has locked. */
export async function deleteFiles(tx: Db, orgId: string, fileIds: readonly string[]): Promise<void> {
  await tx
    .delete(files)
    .where(and(within(everywhere({ orgId }), files), inArray(files.fileId, [...fileIds])));
}
