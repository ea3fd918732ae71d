import { and, eq, sql } from "drizzle-orm";
import { QueryBuilder } from "drizzle-orm/pg-core";
import type { Db } from "../../lib/database/database.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { everywhere, within } from "../../lib/database/scope.ts";
import { idField, integerField, textField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import { arrayOf, type FileRow } from "../file-repository.ts";
import { files } from "../schema.ts";
import { fileVersions } from "./version-schema.ts";

// Versions have no namespace: the parameters are files that were found in the scope.

/** A version of a file, the current one or an earlier one. */
export type VersionRow = Omit<typeof fileVersions.$inferSelect, "orgId"> & { readonly isCurrent: boolean };
/** What a version takes of the quota, and of the object store. */
type StoredVersion = Pick<VersionRow, "sha256" | "sizeBytes">;
type DeletedVersion = StoredVersion & Pick<VersionRow, "fileId">;

const builder = new QueryBuilder();
/** All versions of all files. A condition on the file's id is one on both halves. */
const contents = builder
  .select({
    fileId: files.fileId,
    version: files.version,
    contentType: files.contentType,
    detectedContentType: files.detectedContentType,
    sizeBytes: files.sizeBytes,
    sha256: files.sha256,
    creatorUserId: sql<string>`coalesce(${files.contentUserId}, ${files.creatorUserId})`.as(
      "creator_user_id",
    ),
    createTime: sql<Date>`coalesce(${files.contentTime}, ${files.createTime})`
      .mapWith(files.createTime)
      .as("create_time"),
    isCurrent: sql<boolean>`true`.as("is_current"),
  })
  .from(files)
  .unionAll(
    builder
      .select({
        fileId: fileVersions.fileId,
        version: fileVersions.version,
        contentType: fileVersions.contentType,
        detectedContentType: fileVersions.detectedContentType,
        sizeBytes: fileVersions.sizeBytes,
        sha256: fileVersions.sha256,
        creatorUserId: sql<string>`${fileVersions.creatorUserId}`.as("creator_user_id"),
        createTime: sql<Date>`${fileVersions.createTime}`.mapWith(fileVersions.createTime).as("create_time"),
        isCurrent: sql<boolean>`false`.as("is_current"),
      })
      .from(fileVersions),
  )
  .as("contents");

const { fileId, version, contentType, sizeBytes, sha256, creatorUserId, createTime, isCurrent } = contents;
const { detectedContentType } = contents;
const versionField = integerField(version);

const versionList = listOf<typeof contents, VersionRow>({
  table: contents,
  columns: {
    fileId,
    version,
    contentType,
    detectedContentType,
    sizeBytes,
    sha256,
    creatorUserId,
    createTime,
    isCurrent,
  },
  key: versionField,
  orderable: { create_time: timeField(createTime), version: versionField },
  filterable: {
    version: versionField,
    size_bytes: integerField(sizeBytes),
    sha256: textField(sha256),
    content_type: textField(contentType),
    creator_user_id: idField(creatorUserId),
    create_time: timeField(createTime),
  },
});

export const listVersions = (
  db: Db,
  file: Pick<FileRow, "fileId">,
  request: ListRequest,
): Promise<Page<VersionRow>> => versionList.read(db, request, eq(fileId, file.fileId));

/** A version of a file; its current one for 0. Undefined if it has none of this number. */
export async function findVersion(db: Db, file: FileRow, number: number): Promise<VersionRow | undefined> {
  if (number === 0 || number === file.version) return currentOf(file);
  const [row] = await db.select().from(fileVersions).where(one(file, number));
  return row && { ...row, isCurrent: false };
}

/** The file with the content of a version. */
export const ofVersion = (
  file: FileRow,
  { version, contentType, detectedContentType, sizeBytes, sha256, createTime }: VersionRow,
): FileRow => ({
  ...file,
  version,
  contentType,
  detectedContentType,
  sizeBytes,
  sha256,
  contentTime: createTime,
});

const currentOf = (file: FileRow): VersionRow => ({
  fileId: file.fileId,
  version: file.version,
  contentType: file.contentType,
  detectedContentType: file.detectedContentType,
  sizeBytes: file.sizeBytes,
  sha256: file.sha256,
  creatorUserId: file.contentUserId ?? file.creatorUserId,
  createTime: file.contentTime ?? file.createTime,
  isCurrent: true,
});

/** Makes a content the next version of a file that the transaction has locked. */
export async function insertVersion(
  tx: Db,
  file: FileRow,
  next: StoredVersion & {
    readonly contentType: string;
    /** Default: unknown. */
    readonly detectedContentType?: string;
    readonly userId: string;
  },
): Promise<FileRow> {
  const { isCurrent: _, ...former } = currentOf(file);
  await tx.insert(fileVersions).values({ ...former, orgId: file.orgId });
  const { userId, detectedContentType = "", ...content } = next;
  const rows = await tx
    .update(files)
    .set({
      ...content,
      detectedContentType,
      version: file.version + 1,
      // Not that of the transaction's start: versions are in the order of the file's lock.
      contentTime: sql`clock_timestamp()`,
      contentUserId: userId,
      updateTime: sql`now()`,
      revision: sql`${files.revision} + 1`,
    })
    .where(and(within(everywhere(file), files), eq(files.fileId, file.fileId)))
    .returning();
  return insertedRow(rows);
}

/** Deletes an earlier version; undefined if there is none of this number. */
export async function deleteVersion(
  tx: Db,
  file: FileRow,
  number: number,
): Promise<StoredVersion | undefined> {
  const [row] = await tx.delete(fileVersions).where(one(file, number)).returning();
  return row;
}

/** Deletes all earlier versions of files of an organisation. */
export function deleteVersions(tx: Db, orgId: string, fileIds: readonly string[]): Promise<DeletedVersion[]> {
  return tx
    .delete(fileVersions)
    .where(and(eq(fileVersions.orgId, orgId), sql`${fileVersions.fileId} = any(${arrayOf(fileIds)}::uuid[])`))
    .returning({
      fileId: fileVersions.fileId,
      sha256: fileVersions.sha256,
      sizeBytes: fileVersions.sizeBytes,
    });
}

/** Size of all earlier versions of a file together. */
export async function sumVersions(tx: Db, file: FileRow): Promise<number> {
  const [row] = await tx
    .select({ sizeBytes: sql<number>`coalesce(sum(${fileVersions.sizeBytes}), 0)`.mapWith(Number) })
    .from(fileVersions)
    .where(and(eq(fileVersions.orgId, file.orgId), eq(fileVersions.fileId, file.fileId)));
  return row?.sizeBytes ?? 0;
}

const one = (file: FileRow, number: number) =>
  and(
    eq(fileVersions.orgId, file.orgId),
    eq(fileVersions.fileId, file.fileId),
    eq(fileVersions.version, number),
  );
