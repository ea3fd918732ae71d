import { and, asc, eq } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { packagedFiles, publishedFiles } from "./schema.ts";

type Owner = "orgId" | "projectId" | "position";
type PackagedFileRow = typeof packagedFiles.$inferSelect;
type PublishedFileRow = typeof publishedFiles.$inferSelect;
export type PackagedFile = Omit<PackagedFileRow, Owner>;
export type PublishedFile = Omit<PublishedFileRow, Owner>;

/** Rows per INSERT. PostgreSQL accepts 65,535 parameters per statement. */
const rowsMax = 5000;

/** Files of a project's package, in the order of its manifest. */
export function listPackagedFiles(db: Db, scope: Scope, projectId: string): Promise<PackagedFileRow[]> {
  return db
    .select()
    .from(packagedFiles)
    .where(and(eq(packagedFiles.orgId, scope.orgId), eq(packagedFiles.projectId, projectId)))
    .orderBy(asc(packagedFiles.position));
}

export async function insertPackagedFiles(
  db: Db,
  scope: Scope,
  projectId: string,
  files: readonly PackagedFile[],
): Promise<void> {
  for (const rows of batches(owned(scope, projectId, files))) await db.insert(packagedFiles).values(rows);
}

export async function deletePackagedFiles(db: Db, scope: Scope, projectId: string): Promise<void> {
  await db
    .delete(packagedFiles)
    .where(and(eq(packagedFiles.orgId, scope.orgId), eq(packagedFiles.projectId, projectId)));
}

/** Files of a project's release, in the order of its manifest. */
export function listPublishedFiles(db: Db, scope: Scope, projectId: string): Promise<PublishedFileRow[]> {
  return db
    .select()
    .from(publishedFiles)
    .where(and(eq(publishedFiles.orgId, scope.orgId), eq(publishedFiles.projectId, projectId)))
    .orderBy(asc(publishedFiles.position));
}

export async function insertPublishedFiles(
  db: Db,
  scope: Scope,
  projectId: string,
  files: readonly PublishedFile[],
): Promise<void> {
  for (const rows of batches(owned(scope, projectId, files))) await db.insert(publishedFiles).values(rows);
}

const owned = <File extends object>({ orgId }: Scope, projectId: string, files: readonly File[]) =>
  files.map((file, position) => ({ ...file, orgId, projectId, position }));

const batches = <Row>(rows: readonly Row[]): Row[][] =>
  Array.from({ length: Math.ceil(rows.length / rowsMax) }, (_, index) =>
    rows.slice(index * rowsMax, (index + 1) * rowsMax),
  );
