import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { enterNamespace } from "../lib/database/namespace-gate.ts";
import { ownerIn, within } from "../lib/database/scope.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { arrayOf, type FileRow } from "./file-repository.ts";
import { closedNamespaces, files, releases } from "./schema.ts";

/** A file of a release. */
export type ReleaseFileRow = FileRow & { readonly path: string; readonly sha512: string };
export type NewReleaseFile = Pick<
  ReleaseFileRow,
  "fileId" | "name" | "contentType" | "sizeBytes" | "sha256" | "path" | "sha512"
>;

/** Files per statement, which takes at most 65,535 parameters. */
const insertMax = 1000;

/** Inserts a release. Returns false if it was published before. Waits for a concurrent publication of the same release. */
export async function insertRelease(
  tx: Db,
  scope: Scope,
  releaseId: string,
  namespace: string,
): Promise<boolean> {
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const rows = await tx
    .insert(releases)
    .values({ ...owner, releaseId })
    .onConflictDoNothing()
    .returning({ releaseId: releases.releaseId });
  return rows.length > 0;
}

/** The files of a release; empty if it was not published. */
export async function listReleaseFiles(db: Db, scope: Scope, releaseId: string): Promise<ReleaseFileRow[]> {
  const rows = await db
    .select()
    .from(files)
    .where(and(within(scope, files), eq(files.releaseId, releaseId)));
  return rows as ReleaseFileRow[];
}

/**
 * Inserts a release's files. Returns a path that another release has already; undefined if there is none. Waits for a
 * concurrent release that takes one of the paths.
 */
export async function insertReleaseFiles(
  db: Db,
  scope: Scope,
  { releaseId, namespace }: { releaseId: string; namespace: string },
  added: readonly NewReleaseFile[],
): Promise<string | undefined> {
  const common = {
    ...ownerIn(scope, namespace),
    creatorUserId: scope.principal.userId,
    category: "release" as const,
    releaseId,
  };
  // Sorted, so that two releases cannot deadlock.
  const ordered = added.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (let start = 0; start < ordered.length; start += insertMax) {
    const batch = ordered.slice(start, start + insertMax);
    const rows = await db
      .insert(files)
      .values(batch.map((file) => ({ ...file, ...common })))
      .onConflictDoNothing({ target: [files.orgId, files.path] })
      .returning({ path: files.path });
    if (rows.length === batch.length) continue;
    const inserted = new Set(rows.map(({ path }) => path));
    return batch.find(({ path }) => !inserted.has(path))?.path;
  }
  return undefined;
}

export function listStagedFiles(db: Db, scope: Scope, fileIds: readonly string[]): Promise<FileRow[]> {
  return db.select().from(files).where(staged(scope, fileIds));
}

/** Protects staged files from deletion until the transaction ends. Returns their ids. */
export async function lockStagedFiles(
  db: Db,
  scope: Scope,
  fileIds: readonly string[],
): Promise<Set<string>> {
  const rows = await db
    .select({ fileId: files.fileId })
    .from(files)
    .where(staged(scope, fileIds))
    .orderBy(asc(files.fileId))
    .for("key share");
  return new Set(rows.map(({ fileId }) => fileId));
}

const staged = (scope: Scope, fileIds: readonly string[]) =>
  and(
    within(scope, files),
    eq(files.category, "staging"),
    sql`${files.fileId} = any(${arrayOf(fileIds)}::uuid[])`,
  );
