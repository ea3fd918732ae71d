import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { arrayOf, type FileRow, isLive } from "../file-repository.ts";
import { findHeldFile } from "../holds/hold-repository.ts";
import { files } from "../schema.ts";
import type { Inspection } from "./formats/inspect-file.ts";
import { modelVersionFiles } from "./model-schema.ts";

/** The part of a scope that selects files. */
type Owner = Pick<Scope, "orgId" | "namespaces">;
export type NewVersionFile = Omit<typeof modelVersionFiles.$inferInsert, "downloadCount">;

const one = (modelVersionId: string, path: string) =>
  and(eq(modelVersionFiles.modelVersionId, modelVersionId), eq(modelVersionFiles.path, path));

/** Not files in the trash. */
const ofIds = (owner: Owner, fileIds: readonly string[]) =>
  and(within(owner, files), sql`${files.fileId} = any(${arrayOf(fileIds)}::uuid[])`, isLive);

/** Files of any category, by id. */
export async function listSourceFiles(
  db: Db,
  owner: Owner,
  fileIds: readonly string[],
): Promise<Map<string, FileRow>> {
  if (fileIds.length === 0) return new Map();
  const rows = await db.select().from(files).where(ofIds(owner, fileIds));
  return new Map(rows.map((row) => [row.fileId, row]));
}

/** Protects files from deletion until the transaction ends. Returns their ids. */
export async function lockSourceFiles(
  tx: Db,
  owner: Owner,
  fileIds: readonly string[],
): Promise<Set<string>> {
  const rows = await tx
    .select({ fileId: files.fileId })
    .from(files)
    .where(ofIds(owner, fileIds))
    .orderBy(files.fileId)
    .for("key share");
  return new Set(rows.map(({ fileId }) => fileId));
}

/** Whether a staging job has files. */
export async function hasStagedFiles(db: Db, owner: Owner, jobId: string): Promise<boolean> {
  const rows = await db
    .select({ fileId: files.fileId })
    .from(files)
    .where(and(within(owner, files), eq(files.ownerId, jobId), eq(files.category, "staging")))
    .limit(1);
  return rows.length > 0;
}

export async function insertVersionFiles(tx: Db, added: readonly NewVersionFile[]): Promise<void> {
  await tx.insert(modelVersionFiles).values([...added]);
}

/** Gives an announced file its stored one. Returns false if it has one already. */
export async function attachFile(
  tx: Db,
  modelVersionId: string,
  path: string,
  fileId: string,
): Promise<boolean> {
  const rows = await tx
    .update(modelVersionFiles)
    .set({ fileId })
    .where(and(one(modelVersionId, path), isNull(modelVersionFiles.fileId)))
    .returning({ path: modelVersionFiles.path });
  return rows.length > 0;
}

export async function setInspection(
  tx: Db,
  modelVersionId: string,
  path: string,
  inspection: Inspection,
): Promise<void> {
  await tx.update(modelVersionFiles).set(inspection).where(one(modelVersionId, path));
}

/** Takes the stored files from a version that failed, so that they can be deleted. */
export async function detachFiles(tx: Db, modelVersionId: string): Promise<void> {
  await tx
    .update(modelVersionFiles)
    .set({ fileId: null })
    .where(eq(modelVersionFiles.modelVersionId, modelVersionId));
}

/** The first stored file of the versions that is on hold. */
export const findHeldModelFile = (
  db: Db,
  owner: Owner,
  modelVersionIds: readonly string[],
): Promise<string | undefined> => findHeldFile(db, filesOf(owner, modelVersionIds));

const filesOf = (owner: Owner, modelVersionIds: readonly string[]) =>
  and(within(owner, files), eq(files.category, "model"), inArray(files.ownerId, [...modelVersionIds]));

/** Deletes the stored files of versions, and returns their rows. */
export async function deleteModelFiles(
  tx: Db,
  owner: Owner,
  modelVersionIds: readonly string[],
): Promise<FileRow[]> {
  if (modelVersionIds.length === 0) return [];
  return tx.delete(files).where(filesOf(owner, modelVersionIds)).returning();
}

export type Downloads = { readonly modelVersionId: string; readonly path: string; readonly count: number };

/** Adds to the counts of downloads. Files that are gone are left out. */
export async function addDownloads(db: Db, downloads: readonly Downloads[]): Promise<void> {
  await db.execute(sql`
    update storage.model_version_files f set download_count = f.download_count + d.count
    from json_to_recordset(${JSON.stringify(downloads)}::json) as d("modelVersionId" uuid, path text, count bigint)
    where f.model_version_id = d."modelVersionId" and f.path = d.path`);
}
