import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StagingChunkSchema, StagingJobSchema } from "../../../gen/compat/rivergen/v1/staging_pb.ts";
import { type Chunk, FileFormat, type Job, JobState } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import { exactNumber } from "./exact-number.ts";

export const states = enumWords<string, JobState>({
  queued: JobState.QUEUED,
  running: JobState.RUNNING,
  paused: JobState.PAUSED,
  succeeded: JobState.SUCCEEDED,
  failed: JobState.FAILED,
  cancelled: JobState.CANCELLED,
});
export const formats = enumWords<string, FileFormat>({ parquet: FileFormat.PARQUET, csv: FileFormat.CSV });

export const toJob = (job: Job): MessageInitShape<typeof StagingJobSchema> => ({
  jobId: job.jobId,
  dataSourceId: job.sourceId,
  tables: [...job.tables, ...job.selections.map(({ schemaName, name }) => qualified(schemaName, name))],
  format: formats.toWord(job.format) ?? "parquet",
  status: states.toWord(job.state) ?? "",
  ...(job.errorMessage && { errorMessage: job.errorMessage }),
  progress: {
    rowsProcessed: exactNumber(job.progress?.rowCount ?? 0n),
    totalRows: exactNumber(job.progress?.rowCountExpected ?? 0n),
    bytesWritten: exactNumber(job.progress?.sizeBytes ?? 0n),
    chunksCompleted: job.progress?.chunkCount ?? 0,
    totalChunks: job.progress?.chunkCountPlanned ?? 0,
  },
  createdAt: job.createTime,
  updatedAt: job.updateTime,
  completedAt: job.endTime,
  expiresAt: job.expireTime,
});

const qualified = (schemaName: string, name: string): string =>
  schemaName === "" ? name : `${schemaName}.${name}`;

export const toChunk = (chunk: Chunk): MessageInitShape<typeof StagingChunkSchema> => ({
  chunkId: String(chunk.index),
  schemaName: chunk.schemaName,
  tableName: chunk.tableName,
  rowCount: exactNumber(chunk.rowCount),
  sizeBytes: exactNumber(chunk.sizeBytes),
  sha256: chunk.sha256,
  presignedUrl: chunk.url,
  createdAt: chunk.createTime,
});
