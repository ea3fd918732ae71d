import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Db } from "../lib/database.ts";
import type { Scope } from "../lib/guard.ts";
import type { Page } from "../lib/paging.ts";
import { files } from "./schema.ts";

export type FileRow = typeof files.$inferSelect;
export type NewFile = Pick<FileRow, "fileId" | "name" | "contentType" | "sizeBytes" | "sha256">;
export type FileChange = Partial<Pick<FileRow, "name" | "contentType">>;

const one = (scope: Scope, fileId: string) => and(eq(files.orgId, scope.orgId), eq(files.fileId, fileId));

export async function findFile(db: Db, scope: Scope, fileId: string): Promise<FileRow | undefined> {
  const [row] = await db.select().from(files).where(one(scope, fileId));
  return row;
}

/** Files by id, which is by age. An empty `prefix` or `contentType` lets every file through. */
export function listFiles(
  db: Db,
  scope: Scope,
  page: Page,
  { prefix, contentType }: { prefix: string; contentType: string },
): Promise<FileRow[]> {
  return db
    .select()
    .from(files)
    .where(
      and(
        eq(files.orgId, scope.orgId),
        page.after === undefined ? undefined : gt(files.fileId, page.after),
        // Takes the prefix as it is, whereas LIKE would read `%` and `_` in it.
        prefix === "" ? undefined : sql`starts_with(${files.name}, ${prefix})`,
        contentType === "" ? undefined : eq(files.contentType, contentType),
      ),
    )
    .orderBy(asc(files.fileId))
    .limit(page.limit);
}

export async function insertFile(db: Db, scope: Scope, file: NewFile): Promise<FileRow> {
  const owner = { orgId: scope.orgId, creatorUserId: scope.principal.userId };
  const [row] = await db
    .insert(files)
    .values({ ...file, ...owner })
    .returning();
  if (!row) throw new Error("the insert returned no row");
  return row;
}

/** Changes a file of that revision (undefined: of any); undefined when there is none. */
export async function updateFile(
  db: Db,
  scope: Scope,
  fileId: string,
  revision: number | undefined,
  change: FileChange,
): Promise<FileRow | undefined> {
  const [row] = await db
    .update(files)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${files.revision} + 1` })
    .where(and(one(scope, fileId), revision === undefined ? undefined : eq(files.revision, revision)))
    .returning();
  return row;
}

/** Removes a file; answers what it was, or undefined when there is none. */
export async function deleteFile(db: Db, scope: Scope, fileId: string): Promise<FileRow | undefined> {
  const [row] = await db.delete(files).where(one(scope, fileId)).returning();
  return row;
}
