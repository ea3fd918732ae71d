import { and, asc, eq, lt, notExists, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { blobs, files } from "./schema.ts";

// Content belongs to no organisation: it is stored once for all, and is only reachable through rows in `files`, which have
// a scope. So these functions take no scope.

/** Unused blobs per collection. */
const batchMax = 500;

/** Blobs per statement. */
const touchMax = 1000;

/** Restarts the grace period of blobs that files start or stop using, and locks their rows for the transaction. */
export async function touchBlobs(db: Db, sha256s: Iterable<string>): Promise<void> {
  // Sorted, so that two transactions cannot deadlock.
  const ordered = [...new Set(sha256s)].sort();
  for (let start = 0; start < ordered.length; start += touchMax) {
    await db
      .insert(blobs)
      .values(ordered.slice(start, start + touchMax).map((sha256) => ({ sha256 })))
      .onConflictDoUpdate({ target: blobs.sha256, set: { touchTime: sql`now()` } });
  }
}

/** Inserts missing rows of stored blobs. Their grace period starts now. */
export async function insertUnknownBlobs(db: Db, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length === 0) return;
  await db
    .insert(blobs)
    .values(sha256s.map((sha256) => ({ sha256 })))
    .onConflictDoNothing();
}

/** Some blobs that no file has used during the grace period, oldest first. */
export async function listUnusedBlobs(db: Db, graceMs: number): Promise<string[]> {
  const rows = await db
    .select({ sha256: blobs.sha256 })
    .from(blobs)
    .where(unusedFor(db, graceMs))
    .orderBy(asc(blobs.touchTime))
    .limit(batchMax);
  return rows.map(({ sha256 }) => sha256);
}

/** Locks a blob whose grace period is over. Returns false if it is in use, was touched or is gone. */
export async function lockUnusedBlob(db: Db, sha256: string, graceMs: number): Promise<boolean> {
  const rows = await db
    .select({ sha256: blobs.sha256 })
    .from(blobs)
    .where(and(eq(blobs.sha256, sha256), lt(blobs.touchTime, before(graceMs))))
    .for("update");
  // A separate statement sees commits that happened while this one waited for the lock.
  return rows.length > 0 && !(await isUsed(db, sha256));
}

export async function isUsed(db: Db, sha256: string): Promise<boolean> {
  const rows = await db.select({ fileId: files.fileId }).from(files).where(eq(files.sha256, sha256)).limit(1);
  return rows.length > 0;
}

/** Deletes a blob's row. The database refuses it while a file uses the blob. */
export async function deleteBlob(db: Db, sha256: string): Promise<void> {
  await db.delete(blobs).where(eq(blobs.sha256, sha256));
}

const before = (ms: number) => sql`now() - ${ms} * interval '1 millisecond'`;

const unusedFor = (db: Db, graceMs: number) =>
  and(
    lt(blobs.touchTime, before(graceMs)),
    notExists(db.select({ fileId: files.fileId }).from(files).where(eq(files.sha256, blobs.sha256))),
  );
