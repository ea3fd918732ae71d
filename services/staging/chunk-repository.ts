import { and, asc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { integerField, textField, timeField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
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

const ofJobAndStored = (owner: Owner, jobId: string) => and(ofJob(owner, jobId), isNotNull(chunks.fileId));

/** All stored chunks, ordered by index. */
export async function listStoredChunks(db: Db, owner: Owner, jobId: string): Promise<StoredChunk[]> {
  const rows = await db
    .select()
    .from(chunks)
    .where(ofJobAndStored(owner, jobId))
    .orderBy(asc(chunks.chunkIndex));
  return rows.filter(isStored);
}

const byIndex = integerField(chunks.chunkIndex);

const chunkList = listOf({
  table: chunks,
  key: byIndex,
  // The rows of a table are in the order of its chunks.
  defaultOrder: "index",
  orderable: { index: byIndex },
  filterable: {
    index: byIndex,
    row_count: integerField(chunks.rowCount),
    size_bytes: integerField(chunks.sizeBytes),
    sha256: textField(chunks.sha256),
    create_time: timeField(chunks.createTime),
  },
});

/** A page of stored chunks. */
export async function listChunks(
  db: Db,
  owner: Owner,
  jobId: string,
  request: ListRequest,
): Promise<Page<StoredChunk>> {
  const { rows, ...page } = await chunkList.read(db, request, ofJobAndStored(owner, jobId));
  return { rows: rows.filter(isStored), ...page };
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
