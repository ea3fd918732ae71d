import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExtractSummary } from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import type { PutBlobRequestSchema } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { ChunkRow, Stored } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { chunkDamaged, chunkTruncated } from "../errors.ts";
import type { ColumnStats } from "../schema.ts";
import { chunkFile } from "./file-names.ts";
import type { PlannedJob } from "./open-plan.ts";
import { ownerOf } from "./owner.ts";

/** What storage takes in one message. */
const pieceBytesMax = 1024 * 1024;

type PutBlobInit = MessageInitShape<typeof PutBlobRequestSchema>;

/** Extracts one chunk straight into storage; nothing of it is held but the piece on its way. */
export async function storeChunk(
  { extracts, blobs }: StagingDeps,
  job: PlannedJob,
  { chunkIndex, tableIndex, range }: ChunkRow,
  signal: AbortSignal,
): Promise<Omit<Stored, "attempt">> {
  const { snapshotId } = job;
  const sha256 = createHash("sha256");
  let summary: ExtractSummary | undefined;
  async function* upload(): AsyncGenerator<PutBlobInit> {
    const file = chunkFile(job, tableIndex, chunkIndex);
    yield { part: { case: "header", value: { ...file, ownerId: ownerOf(job) } } };
    for await (const { part } of extracts.extractChunk({ snapshotId, tableIndex, range }, { signal })) {
      if (part.case === "summary") summary = part.value;
      if (part.case !== "chunk") continue;
      sha256.update(part.value);
      for (let at = 0; at < part.value.length; at += pieceBytesMax) {
        yield { part: { case: "chunk", value: part.value.subarray(at, at + pieceBytesMax) } };
      }
    }
    // Without its last message the file may lack rows: it must not become one.
    if (!summary) throw chunkTruncated(chunkIndex);
  }
  const stored = await blobs.putBlob(upload(), { signal });
  if (!summary || stored.sha256 !== sha256.digest("hex")) throw chunkDamaged(chunkIndex);
  const { fileId, sizeBytes } = stored;
  return { fileId, sizeBytes, sha256: stored.sha256, rowCount: summary.rowCount, columns: statsOf(summary) };
}

const statsOf = ({ columns }: ExtractSummary): ColumnStats[] =>
  columns.map(({ name, nullCount, min, max }) => ({
    name,
    nullCount: String(nullCount),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  }));
