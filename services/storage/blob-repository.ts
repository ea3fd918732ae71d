import { and, asc, eq, lt, notExists, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { blobs, files } from "./schema.ts";

// Content belongs to no organisation: it is stored once for all of them, and only rows in `files`, each in its
// organisation's scope, lead to it. So these functions alone take no scope.

/** How many unused blobs are looked at in one go. */
const batchMax = 500;

/** How many blobs are touched by one statement. */
const touchMax = 1000;

/** Notes that files begin or cease to use blobs, and locks the blobs' rows until the transaction ends. */
export async function touchBlobs(db: Db, sha256s: Iterable<string>): Promise<void> {
  // In one order everywhere, so that nobody waits in a circle.
  const ordered = [...new Set(sha256s)].sort();
  for (let start = 0; start < ordered.length; start += touchMax) {
    await db
      .insert(blobs)
      .values(ordered.slice(start, start + touchMax).map((sha256) => ({ sha256 })))
      .onConflictDoUpdate({ target: blobs.sha256, set: { touchTime: sql`now()` } });
  }
}

/** Makes blobs known that lie in the store without a row. Their grace period begins now. */
export async function insertUnknownBlobs(db: Db, sha256s: readonly string[]): Promise<void> {
  if (sha256s.length === 0) return;
  await db
    .insert(blobs)
    .values(sha256s.map((sha256) => ({ sha256 })))
    .onConflictDoNothing();
}

/** Some blobs that no file has used for so long, the oldest first. */
export async function listUnusedBlobs(db: Db, graceMs: number): Promise<string[]> {
  const rows = await db
    .select({ sha256: blobs.sha256 })
    .from(blobs)
    .where(unusedFor(db, graceMs))
    .orderBy(asc(blobs.touchTime))
    .limit(batchMax);
  return rows.map(({ sha256 }) => sha256);
}

/** Locks a blob that no file has used for so long; false when a file uses it, or did a moment ago, or there is none. */
export async function lockUnusedBlob(db: Db, sha256: string, graceMs: number): Promise<boolean> {
  const rows = await db
    .select({ sha256: blobs.sha256 })
    .from(blobs)
    .where(and(eq(blobs.sha256, sha256), lt(blobs.touchTime, before(graceMs))))
    .for("update");
  // A statement of its own: it sees what was committed while the lock was waited for.
  return rows.length > 0 && !(await isUsed(db, sha256));
}

export async function isUsed(db: Db, sha256: string): Promise<boolean> {
  const rows = await db.select({ fileId: files.fileId }).from(files).where(eq(files.sha256, sha256)).limit(1);
  return rows.length > 0;
}

/** Removes a blob's row; the database refuses it while a file uses the blob. */
export async function deleteBlob(db: Db, sha256: string): Promise<void> {
  await db.delete(blobs).where(eq(blobs.sha256, sha256));
}

const before = (ms: number) => sql`now() - ${ms} * interval '1 millisecond'`;

const unusedFor = (db: Db, graceMs: number) =>
  and(
    lt(blobs.touchTime, before(graceMs)),
    notExists(db.select({ fileId: files.fileId }).from(files).where(eq(files.sha256, blobs.sha256))),
  );
