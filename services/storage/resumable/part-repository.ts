import { asc, count, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { resumableParts as parts } from "./resumable-schema.ts";

// Parts are reached through the row of their upload, which has been found or locked in the scope of the caller.

export type PartRow = typeof parts.$inferSelect;

export async function insertPart(tx: Db, part: PartRow): Promise<void> {
  await tx.insert(parts).values(part);
}

/** The parts of an upload in the order of their bytes. */
export function listParts(db: Db, uploadId: string): Promise<PartRow[]> {
  return db.select().from(parts).where(eq(parts.uploadId, uploadId)).orderBy(asc(parts.startBytes));
}

/** Appends the parts of one upload to those of another, whose bytes so far end at `startBytes`. */
export async function copyParts(
  tx: Db,
  { orgId }: Pick<Scope, "orgId">,
  { from, to, startBytes }: { from: string; to: string; startBytes: number },
): Promise<void> {
  await tx.execute(sql`
    insert into ${parts} (upload_id, start_bytes, size_bytes, org_id, sha256)
    select ${to}, start_bytes + ${startBytes}, size_bytes, org_id, sha256
    from ${parts} where upload_id = ${from} and org_id = ${orgId}`);
}

/** Numbers of parts by upload. */
export async function countParts(db: Db, uploadIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .select({ uploadId: parts.uploadId, count: count() })
    .from(parts)
    .where(inArray(parts.uploadId, [...uploadIds]))
    .groupBy(parts.uploadId);
  return new Map(rows.map((row) => [row.uploadId, row.count]));
}

/** Deletes the parts of an upload, and returns the hashes of their content. */
export async function deleteParts(tx: Db, uploadId: string): Promise<string[]> {
  const rows = await tx.delete(parts).where(eq(parts.uploadId, uploadId)).returning({ sha256: parts.sha256 });
  return rows.map(({ sha256 }) => sha256);
}
