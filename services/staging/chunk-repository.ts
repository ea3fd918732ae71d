import { and, asc, eq, gt, isNotNull, isNull, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { type ColumnStats, chunks } from "./schema.ts";

export type ChunkRow = typeof chunks.$inferSelect;
export type NewChunk = Pick<ChunkRow, "chunkIndex" | "tableIndex" | "range" | "rowCountExpected">;
/** Columns of a stored chunk. */
export type Stored = {
  attempt: number;
  fileId: string;
  rowCount: bigint;
  sizeBytes: bigint;
  sha256: string;
  columns: ColumnStats[];
};
export type StoredChunk = ChunkRow & Stored & { createTime: Date };

type Owner = Pick<Scope, "orgId">;

/** Rows per INSERT. PostgreSQL accepts 65,535 parameters per statement. */
const rowsPerInsert = 1000;

const ofJob = (owner: Owner, jobId: string) => and(eq(chunks.orgId, owner.orgId), eq(chunks.jobId, jobId));

const isStored = (row: ChunkRow): row is StoredChunk => row.fileId !== null;

/** Stored chunks ordered by index; all of them without a page. */
export async function listStoredChunks(
  db: Db,
  owner: Owner,
  jobId: string,
  page?: Page,
): Promise<StoredChunk[]> {
  const after = page?.after === undefined ? undefined : gt(chunks.chunkIndex, Number(page.after));
  const query = db
    .select()
    .from(chunks)
    .where(and(ofJob(owner, jobId), isNotNull(chunks.fileId), after))
    .orderBy(asc(chunks.chunkIndex));
  const rows = await (page ? query.limit(page.limit) : query);
  return rows.filter(isStored);
}

export async function findStoredChunk(
  db: Db,
  owner: Owner,
  jobId: string,
  index: number,
): Promise<StoredChunk | undefined> {
  const rows = await db
    .select()
    .from(chunks)
    .where(and(ofJob(owner, jobId), eq(chunks.chunkIndex, index)));
  return rows.find(isStored);
}

/** All planned chunks, ordered by index. */
export function listPlannedChunks(db: Db, owner: Owner, jobId: string): Promise<ChunkRow[]> {
  return db.select().from(chunks).where(ofJob(owner, jobId)).orderBy(asc(chunks.chunkIndex));
}

export async function insertChunks(
  db: Db,
  owner: Owner,
  jobId: string,
  planned: readonly NewChunk[],
): Promise<void> {
  for (let at = 0; at < planned.length; at += rowsPerInsert) {
    const rows = planned
      .slice(at, at + rowsPerInsert)
      .map((chunk) => ({ ...chunk, orgId: owner.orgId, jobId }));
    await db.insert(chunks).values(rows);
  }
}

/** Marks a chunk as stored. False if it is stored already or not in the plan. */
export async function updateStored(
  db: Db,
  owner: Owner,
  jobId: string,
  index: number,
  stored: Stored,
): Promise<boolean> {
  const rows = await db
    .update(chunks)
    .set({ ...stored, createTime: sql`now()` })
    .where(and(ofJob(owner, jobId), eq(chunks.chunkIndex, index), isNull(chunks.fileId)))
    .returning({ index: chunks.chunkIndex });
  return rows.length > 0;
}

export async function deleteChunks(db: Db, owner: Owner, jobId: string): Promise<void> {
  await db.delete(chunks).where(ofJob(owner, jobId));
}
