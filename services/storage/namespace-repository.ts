import { and, count, isNull, not } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { closeNamespace, openNamespace } from "../lib/database/namespace-gate.ts";
import { within } from "../lib/database/scope.ts";
import type { FileRow } from "./file-repository.ts";
import { findHeldFile, isOnLegalHold } from "./holds/hold-repository.ts";
import { closedNamespaces, files, releases } from "./schema.ts";

/** A namespace of an organisation. Identity names it; there is no caller. */
export type NamespaceKey = { readonly orgId: string; readonly namespace: string };

/** Files per call: they share a transaction. */
const deletedMax = 500;

const inNamespace = ({ orgId, namespace }: NamespaceKey) => within({ orgId, namespaces: [namespace] }, files);

export const open = (tx: Db, key: NamespaceKey) => openNamespace(tx, closedNamespaces, key);

export const close = (tx: Db, key: NamespaceKey, forGood: boolean) =>
  closeNamespace(tx, closedNamespaces, key, { forGood });

/** Number of files in the namespace by category, with or without the trash. */
export function countFiles(
  db: Db,
  key: NamespaceKey,
  { withTrash }: { withTrash: boolean },
): Promise<{ category: FileRow["category"]; count: number }[]> {
  return db
    .select({ category: files.category, count: count() })
    .from(files)
    .where(and(inNamespace(key), withTrash ? undefined : isNull(files.deleteTime)))
    .groupBy(files.category);
}

/** The first file in the namespace that is on legal hold. */
export const findHeldIn = (db: Db, key: NamespaceKey): Promise<string | undefined> =>
  findHeldFile(db, inNamespace(key), isOnLegalHold(db));

/** Locks up to 500 files that are not on legal hold, also of the trash, and returns their rows. */
export function lockSomeFiles(tx: Db, key: NamespaceKey): Promise<FileRow[]> {
  return tx
    .select()
    .from(files)
    .where(and(inNamespace(key), not(isOnLegalHold(tx))))
    .orderBy(files.fileId)
    .limit(deletedMax)
    .for("update");
}

/** Deletes the releases without files. */
export async function deleteReleases(tx: Db, { orgId, namespace }: NamespaceKey): Promise<void> {
  await tx.delete(releases).where(within({ orgId, namespaces: [namespace] }, releases));
}
