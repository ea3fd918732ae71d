import { and, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { enterNamespace } from "../lib/database/namespace-gate.ts";
import { insertedRow, ofRevision } from "../lib/database/rows.ts";
import { ownerIn, within } from "../lib/database/scope.ts";
import { byCodePoints } from "../lib/list/list-index.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { findHeldFile, isNotHeld } from "./holds/hold-repository.ts";
import { objectNameOf } from "./object-name.ts";
import { closedNamespaces, files } from "./schema.ts";

export type FileRow = typeof files.$inferSelect;
/** What is known of a file beside its content: an upload; a staged file if there is an owner, or a model's with a version. */
export type FileHead = Pick<FileRow, "name" | "contentType"> &
  Partial<Pick<FileRow, "folder" | "kind" | "tags" | "properties">> & {
    readonly ownerId?: string;
    readonly modelVersionId?: string;
    /** Empty for the default namespace. */
    readonly namespace?: string;
    /** What the content of an upload looks like. */
    readonly detectedContentType?: string;
  };
/** Files of releases are inserted elsewhere. */
export type NewFile = FileHead & Pick<FileRow, "fileId" | "sizeBytes" | "sha256">;
export type FileChange = Partial<
  Pick<FileRow, "name" | "contentType" | "namespace" | "folder" | "kind" | "tags" | "properties">
>;

/** The part of a scope that selects files. A signed URL carries nothing else. */
type Owner = Pick<Scope, "orgId" | "namespaces">;

/** The trash is not there for anybody but trash/. */
export const isLive = isNull(files.deleteTime);
const one = (owner: Owner, fileId: string) => and(within(owner, files), eq(files.fileId, fileId), isLive);
const oneUpload = (scope: Scope, fileId: string) => and(one(scope, fileId), eq(files.category, "upload"));

export async function findFile(db: Db, owner: Owner, fileId: string): Promise<FileRow | undefined> {
  const [row] = await db.select().from(files).where(one(owner, fileId));
  return row;
}

export async function findFileByObjectName(
  db: Db,
  owner: Owner,
  objectName: string,
): Promise<FileRow | undefined> {
  const hasName = eq(byCodePoints(files.objectName), objectName);
  const [row] = await db
    .select()
    .from(files)
    .where(and(within(owner, files), hasName, isLive));
  return row;
}

/** A file that can't be removed or replaced until the transaction ends. */
export async function findFileToCopy(tx: Db, owner: Owner, fileId: string): Promise<FileRow | undefined> {
  const [row] = await tx.select().from(files).where(one(owner, fileId)).for("key share");
  return row;
}

/** An upload, locked until the transaction ends. Locks are taken in one order: file, blobs, quota. */
export async function lockUpload(tx: Db, scope: Scope, fileId: string): Promise<FileRow | undefined> {
  const [row] = await tx.select().from(files).where(oneUpload(scope, fileId)).for("update");
  return row;
}

/** The subset of the ids that are files. */
export async function listFileIds(db: Db, scope: Scope, fileIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .select({ fileId: files.fileId })
    .from(files)
    .where(and(within(scope, files), sql`${files.fileId} = any(${arrayOf(fileIds)}::uuid[])`, isLive));
  return new Set(rows.map(({ fileId }) => fileId));
}

/** Organisation and revision of the files with these ids, in every organisation: the caller compares them. */
export async function listRevisions(
  db: Db,
  fileIds: readonly string[],
): Promise<(Pick<FileRow, "fileId" | "revision"> & { orgId: string })[]> {
  // Runs before every read of bytes: a query builder would cost more than the query.
  const rows = await db.execute<{ org_id: string; file_id: string; revision: number }>(
    sql`select org_id, file_id, revision from storage.files
        where file_id = any(${arrayOf(fileIds)}::uuid[]) and delete_time is null`,
  );
  return rows.map(({ org_id, file_id, revision }) => ({ orgId: org_id, fileId: file_id, revision }));
}

export async function insertFile(tx: Db, scope: Scope, file: NewFile): Promise<FileRow> {
  return insertedRow(await insertFiles(tx, [{ scope, file }]));
}

/** Inserts files, each in its own scope. Returns their rows in the same order. NotFound for a closed namespace. */
export async function insertFiles(
  tx: Db,
  added: readonly { scope: Scope; file: NewFile }[],
): Promise<FileRow[]> {
  const owned = added.map(({ scope, file }) => ({
    scope,
    file,
    owner: ownerIn(scope, file.namespace ?? ""),
  }));
  for (const owner of uniqueOwners(owned)) await enterNamespace(tx, closedNamespaces, owner);
  const rows = await tx
    .insert(files)
    .values(
      owned.map(({ scope, file: { modelVersionId, ...file }, owner }) => ({
        ...file,
        ...owner,
        creatorUserId: scope.principal.userId,
        ...ownershipOf(scope, file, modelVersionId),
      })),
    )
    .returning();
  const byId = new Map(rows.map((row) => [row.fileId, row]));
  return added.map(({ file }) => insertedRow([byId.get(file.fileId)].filter((row) => row !== undefined)));
}

/** Category and owner of a new file; uploads have a name for the object, too. */
function ownershipOf(
  scope: Scope,
  file: Omit<NewFile, "modelVersionId">,
  modelVersionId: string | undefined,
) {
  if (modelVersionId !== undefined) return { category: "model", ownerId: modelVersionId } as const;
  if (file.ownerId !== undefined) return { category: "staging" } as const;
  return { category: "upload", objectName: objectNameOf(scope, file) } as const;
}

/** In one order, so that two transactions can't wait for each other. */
function uniqueOwners(owned: readonly { owner: ReturnType<typeof ownerIn> }[]) {
  const byName = new Map(owned.map(({ owner }) => [owner.namespace, owner]));
  return [...byName.values()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

/** Updates an upload with this revision (undefined: any). Returns undefined if there is none. */
export async function updateUpload(
  db: Db,
  scope: Scope,
  fileId: string,
  revision: number | undefined,
  change: FileChange,
): Promise<FileRow | undefined> {
  const [row] = await db
    .update(files)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${files.revision} + 1` })
    .where(and(oneUpload(scope, fileId), ofRevision(files.revision, revision)))
    .returning();
  return row;
}

/**
 * Moves an upload with this revision (undefined: any) to a namespace of the scope. Returns its row, and the namespace that it
 * had; undefined if there is none.
 */
export async function moveUpload(
  tx: Db,
  scope: Scope,
  fileId: string,
  revision: number | undefined,
  namespace: string,
): Promise<{ row: FileRow; from: string } | undefined> {
  await enterNamespace(tx, closedNamespaces, ownerIn(scope, namespace));
  const [former] = await tx
    .select({ namespace: files.namespace })
    .from(files)
    .where(oneUpload(scope, fileId))
    .for("update");
  const row = former && (await updateUpload(tx, scope, fileId, revision, { namespace }));
  return row && { row, from: former.namespace };
}

/** Deletes the staged files of an owner except those to keep and those on hold, and returns their rows. */
export function deleteStagedFiles(
  db: Db,
  scope: Scope,
  ownerId: string,
  keepFileIds: readonly string[],
): Promise<FileRow[]> {
  return db
    .delete(files)
    .where(and(stagedOf(scope, ownerId, keepFileIds), isNotHeld(db)))
    .returning();
}

/** The first staged file of an owner, except those to keep, that is on hold. */
export const findHeldStagedFile = (
  db: Db,
  scope: Scope,
  ownerId: string,
  keepFileIds: readonly string[],
): Promise<string | undefined> => findHeldFile(db, stagedOf(scope, ownerId, keepFileIds));

const stagedOf = (scope: Scope, ownerId: string, keepFileIds: readonly string[]) =>
  and(
    within(scope, files),
    eq(files.category, "staging"),
    eq(files.ownerId, ownerId),
    sql`${files.fileId} <> all(${arrayOf(keepFileIds)}::uuid[])`,
  );

/** An array as one parameter: a statement takes at most 65,535. UUIDs need no quoting. */
export const arrayOf = (uuids: readonly string[]): string => `{${uuids.join(",")}}`;
