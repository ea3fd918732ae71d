import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow, ofRevision } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { files } from "./schema.ts";

export type FileRow = typeof files.$inferSelect;
/** An upload, or a staged file if there is an owner. Files of releases are inserted elsewhere. */
export type NewFile = Pick<FileRow, "fileId" | "name" | "contentType" | "sizeBytes" | "sha256"> & {
  readonly ownerId?: string;
};
export type FileChange = Partial<Pick<FileRow, "name" | "contentType">>;

/** The part of a scope that selects files. A signed URL carries nothing else. */
type Owner = Pick<Scope, "orgId">;

const one = (owner: Owner, fileId: string) => and(eq(files.orgId, owner.orgId), eq(files.fileId, fileId));
const oneUpload = (scope: Scope, fileId: string) => and(one(scope, fileId), eq(files.category, "upload"));

export async function findFile(db: Db, owner: Owner, fileId: string): Promise<FileRow | undefined> {
  const [row] = await db.select().from(files).where(one(owner, fileId));
  return row;
}

/** The subset of the ids that are files. */
export async function listFileIds(db: Db, scope: Scope, fileIds: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .select({ fileId: files.fileId })
    .from(files)
    .where(and(eq(files.orgId, scope.orgId), sql`${files.fileId} = any(${arrayOf(fileIds)}::uuid[])`));
  return new Set(rows.map(({ fileId }) => fileId));
}

/** Organisation and revision of the files with these ids, in every organisation: the caller compares them. */
export async function listRevisions(
  db: Db,
  fileIds: readonly string[],
): Promise<Pick<FileRow, "orgId" | "fileId" | "revision">[]> {
  // Runs before every read of bytes: a query builder would cost more than the query.
  const rows = await db.execute<{ org_id: string; file_id: string; revision: number }>(
    sql`select org_id, file_id, revision from storage.files where file_id = any(${arrayOf(fileIds)}::uuid[])`,
  );
  return rows.map(({ org_id, file_id, revision }) => ({ orgId: org_id, fileId: file_id, revision }));
}

/** Files in the order of their ids, which is their age. An empty `prefix`, `contentType` or `category` matches every file. */
export function listFiles(
  db: Db,
  scope: Scope,
  page: Page,
  filter: { prefix: string; contentType: string; category: FileRow["category"] | undefined },
): Promise<FileRow[]> {
  const { prefix, contentType, category } = filter;
  return db
    .select()
    .from(files)
    .where(
      and(
        eq(files.orgId, scope.orgId),
        fromPage(files.fileId, page),
        // LIKE would interpret `%` and `_` in the prefix.
        prefix === "" ? undefined : sql`starts_with(${files.name}, ${prefix})`,
        contentType === "" ? undefined : eq(files.contentType, contentType),
        category && eq(files.category, category),
      ),
    )
    .orderBy(asc(files.fileId))
    .limit(page.limit);
}

export async function insertFile(db: Db, scope: Scope, file: NewFile): Promise<FileRow> {
  return insertedRow(await insertFiles(db, [{ scope, file }]));
}

/** Inserts files, each in its own scope. Returns their rows in the same order. */
export async function insertFiles(
  db: Db,
  added: readonly { scope: Scope; file: NewFile }[],
): Promise<FileRow[]> {
  const rows = await db
    .insert(files)
    .values(
      added.map(({ scope, file }) => ({
        ...file,
        orgId: scope.orgId,
        creatorUserId: scope.principal.userId,
        category: file.ownerId === undefined ? ("upload" as const) : ("staging" as const),
      })),
    )
    .returning();
  const byId = new Map(rows.map((row) => [row.fileId, row]));
  return added.map(({ file }) => insertedRow([byId.get(file.fileId)].filter((row) => row !== undefined)));
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

/** Deletes an upload and returns its row; undefined if there is none. */
export async function deleteUpload(db: Db, scope: Scope, fileId: string): Promise<FileRow | undefined> {
  const [row] = await db.delete(files).where(oneUpload(scope, fileId)).returning();
  return row;
}

/** Deletes the staged files of an owner except those to keep, and returns their rows. */
export function deleteStagedFiles(
  db: Db,
  scope: Scope,
  ownerId: string,
  keepFileIds: readonly string[],
): Promise<FileRow[]> {
  return db
    .delete(files)
    .where(
      and(
        eq(files.orgId, scope.orgId),
        eq(files.category, "staging"),
        eq(files.ownerId, ownerId),
        sql`${files.fileId} <> all(${arrayOf(keepFileIds)}::uuid[])`,
      ),
    )
    .returning();
}

/** An array as one parameter: a statement takes at most 65,535. UUIDs need no quoting. */
export const arrayOf = (uuids: readonly string[]): string => `{${uuids.join(",")}}`;
