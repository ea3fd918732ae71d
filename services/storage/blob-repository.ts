import { and, asc, eq, lt, not, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { ObjectKey } from "./objects/object-store.ts";
import { blobs } from "./schema.ts";

/** Unused blobs per collection. */
const batchMax = 500;

/** Blobs per statement. */
const touchMax = 1000;
const listMax = 1000;

/** Restarts the grace period of an organisation's blobs that files start or stop using, and locks their rows. */
export async function touchBlobs(
  tx: Db,
  { orgId }: Pick<ObjectKey, "orgId">,
  sha256s: Iterable<string>,
): Promise<void> {
  // Sorted, so that two transactions cannot deadlock.
  const ordered = [...new Set(sha256s)].sort();
  for (let start = 0; start < ordered.length; start += touchMax) {
    await tx
      .insert(blobs)
      .values(ordered.slice(start, start + touchMax).map((sha256) => ({ orgId, sha256 })))
      .onConflictDoUpdate({
        target: [blobs.orgId, blobs.sha256],
        set: { touchTime: sql`now()`, foundTime: null },
      });
  }
}

// The functions below serve maintenance, not a caller: they cover all organisations.

/** Inserts missing rows of stored blobs. Their grace period starts now. */
export async function insertUnknownBlobs(db: Db, keys: readonly ObjectKey[]): Promise<void> {
  for (let start = 0; start < keys.length; start += touchMax) {
    await db
      .insert(blobs)
      .values(
        keys
          .slice(start, start + touchMax)
          .map(({ orgId, sha256 }) => ({ orgId, sha256, foundTime: sql`now()` })),
      )
      .onConflictDoNothing();
  }
}

/** Keys of all blobs after a key in their order, in batches. */
export async function* listBlobs(db: Db, last?: ObjectKey): AsyncGenerator<ObjectKey[], void> {
  let after = last;
  do {
    const keys = await db
      .select({ orgId: blobs.orgId, sha256: blobs.sha256 })
      .from(blobs)
      .where(after && sql`(${blobs.orgId}, ${blobs.sha256}) > (${after.orgId}, ${after.sha256})`)
      .orderBy(asc(blobs.orgId), asc(blobs.sha256))
      .limit(listMax);
    yield keys;
    after = keys.length === listMax ? keys.at(-1) : undefined;
  } while (after);
}

/** Some blobs that no file has used during the grace period, oldest first. */
export function listUnusedBlobs(db: Db, graceMs: number): Promise<ObjectKey[]> {
  return db
    .select({ orgId: blobs.orgId, sha256: blobs.sha256 })
    .from(blobs)
    .where(unusedFor(graceMs))
    .orderBy(asc(blobs.touchTime))
    .limit(batchMax);
}

/** Locks a blob whose grace period is over. Returns false if it is in use, was touched or is gone. */
export async function lockUnusedBlob(tx: Db, key: ObjectKey, graceMs: number): Promise<boolean> {
  const rows = await tx
    .select({ sha256: blobs.sha256 })
    .from(blobs)
    .where(and(one(key), lt(blobs.touchTime, before(graceMs))))
    .for("update");
  // A separate statement sees commits that happened while this one waited for the lock.
  return rows.length > 0 && !(await isUsed(tx, key));
}

/** Locks a blob. Returns false if it is gone. */
export async function lockBlob(tx: Db, key: ObjectKey): Promise<boolean> {
  const rows = await tx.select({ sha256: blobs.sha256 }).from(blobs).where(one(key)).for("update");
  return rows.length > 0;
}

export async function isUsed(db: Db, { orgId, sha256 }: ObjectKey): Promise<boolean> {
  const [row] = await db.execute<{ is_used: boolean }>(
    sql`select ${usedBy(sql`${orgId}::uuid`, sql`${sha256}`)} as is_used`,
  );
  return row?.is_used === true;
}

/** Whether a row needs the content: a file, a version, a part of an upload, or content of the cold tier compressed in it. */
const usedBy = (orgId: SQLWrapper, sha256: SQLWrapper): SQL => sql`(
  exists (select from storage.files as f where f.org_id = ${orgId} and f.sha256 = ${sha256})
  or exists (select from storage.file_versions as v where v.org_id = ${orgId} and v.sha256 = ${sha256})
  or exists (select from storage.cold_blobs as c where c.org_id = ${orgId} and c.cold_sha256 = ${sha256})
  or exists (select from storage.resumable_parts as p where p.org_id = ${orgId} and p.sha256 = ${sha256}))`;

/** Deletes a blob's row. The database refuses it while a file uses the blob. */
export async function deleteBlob(tx: Db, key: ObjectKey): Promise<void> {
  await tx.delete(blobs).where(one(key));
}

const one = ({ orgId, sha256 }: ObjectKey) => and(eq(blobs.orgId, orgId), eq(blobs.sha256, sha256));

const before = (ms: number) => sql`now() - ${ms} * interval '1 millisecond'`;

const unusedFor = (graceMs: number) =>
  and(lt(blobs.touchTime, before(graceMs)), not(usedBy(blobs.orgId, blobs.sha256)));
