import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { RowSecurity } from "../../gen/sluice/common/v1/row_security_pb.ts";
import {
  type Chunk,
  ChunkSchema,
  FileFormat,
  type Job,
  JobSchema,
  type Manifest,
  ManifestSchema,
  type TableSelection,
} from "../../gen/sluice/staging/v1/jobs_pb.ts";
import type { StoredChunk } from "./chunk-repository.ts";
import type { JobRow } from "./job-repository.ts";
import type { PlannedTable, Selection } from "./schema.ts";
import { toJobState } from "./state.ts";

const messageOfFormat = { parquet: FileFormat.PARQUET, csv: FileFormat.CSV } as const;

/** Parquet if the format is unspecified. */
export const fromFormat = (format: FileFormat): JobRow["format"] =>
  format === FileFormat.CSV ? "csv" : "parquet";

export const fromSelections = (selections: readonly TableSelection[]): Selection[] =>
  selections.map(({ schemaName, name, columns }) => ({ schemaName, name, columns }));

/** An optional timestamp field, to spread into a message. */
const momentField = <Name extends string>(name: Name, moment: Date | null) =>
  (moment ? { [name]: timestampFromDate(moment) } : {}) as Partial<Record<Name, Timestamp>>;

export function toJob(row: JobRow): Job {
  return create(JobSchema, {
    jobId: row.jobId,
    namespace: row.namespace,
    sourceId: row.sourceId,
    tables: row.tables,
    selections: row.selections,
    format: messageOfFormat[row.format],
    chunkRows: row.chunkRows,
    state: toJobState(row.state),
    errorMessage: row.errorMessage,
    progress: {
      rowCount: row.rowCount,
      rowCountExpected: row.rowCountExpected,
      sizeBytes: row.sizeBytes,
      chunkCount: row.chunkCount,
      chunkCountPlanned: row.chunkCountPlanned,
    },
    manifestSha256: row.manifestSha256 ?? "",
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    ...momentField("endTime", row.endTime),
    ...momentField("expireTime", row.expireTime),
    rowSecurityTables: (row.plannedTables ?? [])
      .filter(({ rowSecurity }) => rowSecurity === RowSecurity.ACTIVE)
      .map(({ schemaName, name }) => `${schemaName}.${name}`),
  });
}

const plannedTable = (job: JobRow, index: number): PlannedTable => {
  const table = job.plannedTables?.[index];
  if (!table) throw new Error(`job ${job.jobId} has a chunk of table ${index}, which its plan has not`);
  return table;
};

export function toChunk(job: JobRow, row: StoredChunk, url: string): Chunk {
  const { schemaName, name } = plannedTable(job, row.tableIndex);
  return create(ChunkSchema, {
    index: row.chunkIndex,
    schemaName,
    tableName: name,
    rowCount: row.rowCount,
    sizeBytes: row.sizeBytes,
    sha256: row.sha256,
    url,
    fileId: row.fileId,
    columns: row.columns.map(({ nullCount, ...stats }) => ({ ...stats, nullCount: BigInt(nullCount) })),
    createTime: timestampFromDate(row.createTime),
  });
}

/** The manifest of a job. It is deterministic. `chunks` are all chunks, ordered by index. */
export function toManifest(job: JobRow, chunks: readonly StoredChunk[]): Manifest {
  const byTable = Map.groupBy(chunks, ({ tableIndex }) => tableIndex);
  return create(ManifestSchema, {
    jobId: job.jobId,
    sourceId: job.sourceId,
    snapshot: job.snapshot ?? "",
    ...momentField("snapshotTime", job.snapshotTime),
    format: messageOfFormat[job.format],
    tables: (job.plannedTables ?? []).map((table, index) => {
      const files = byTable.get(index) ?? [];
      return {
        ...table,
        rowCount: sum(files.map(({ rowCount }) => rowCount)),
        files: files.map(({ chunkIndex, fileId, rowCount, sizeBytes, sha256 }) => ({
          index: chunkIndex,
          fileId,
          rowCount,
          sizeBytes,
          sha256,
        })),
      };
    }),
    rowCount: sum(chunks.map(({ rowCount }) => rowCount)),
    sizeBytes: sum(chunks.map(({ sizeBytes }) => sizeBytes)),
    sha256: hashOfHashes(chunks.map(({ sha256 }) => sha256)),
  });
}

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

const hashOfHashes = (hashes: readonly string[]): string =>
  createHash("sha256")
    .update(hashes.map((hash) => `${hash}\n`).join(""))
    .digest("hex");
