import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import { byCodePoints } from "../../lib/list/list-index.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { arrayOf, type FileRow, isLive } from "../file-repository.ts";
import { files } from "../schema.ts";

/** What an archive has to know of a file before it is read. */
export type ArchivedFile = Pick<
  FileRow,
  "fileId" | "fullName" | "path" | "sizeBytes" | "sha256" | "createTime"
>;

const columns = {
  fileId: files.fileId,
  fullName: files.fullName,
  path: files.path,
  sizeBytes: files.sizeBytes,
  sha256: files.sha256,
  createTime: files.createTime,
};

/** The files with these ids, in no order. */
export function listArchived(db: Db, scope: Scope, fileIds: readonly string[]): Promise<ArchivedFile[]> {
  return db
    .select(columns)
    .from(files)
    .where(and(within(scope, files), isLive, sql`${files.fileId} = any(${arrayOf(fileIds)}::uuid[])`));
}

/** The first uploads by folder and name that have the prefix. */
export function listArchivedByPrefix(
  db: Db,
  scope: Scope,
  prefix: string,
  limit: number,
): Promise<ArchivedFile[]> {
  const name = byCodePoints(files.fullName);
  return db
    .select(columns)
    .from(files)
    .where(
      and(within(scope, files), isLive, eq(files.category, "upload"), sql`starts_with(${name}, ${prefix})`),
    )
    .orderBy(asc(name), asc(files.fileId))
    .limit(limit);
}
