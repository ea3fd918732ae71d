import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ExtractChunkResponse,
  ExtractSummary,
} from "../../../gen/sluice/orchestration/v1/extracts_pb.ts";
import type { PutBlobHeaderSchema, PutBlobRequestSchema } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { ChunkRow, Stored } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { chunkDamaged, chunkTruncated } from "../errors.ts";
import type { ColumnStats } from "../schema.ts";
import { chunkFile } from "./file-names.ts";
import type { PlannedJob } from "./open-plan.ts";
import { ownerOf } from "./owner.ts";

/** Maximum bytes of a message to storage. */
const messageBytesMax = 1024 * 1024;

type PutBlobInit = MessageInitShape<typeof PutBlobRequestSchema>;
type Parts = AsyncIterable<ExtractChunkResponse>;
type ChunkStored = Omit<Stored, "attempt">;

/** Storage clients that can't read lent files, because storage runs on another machine. */
const notAdopting = new WeakSet<StagingDeps["blobs"]>();

/** Stores one chunk. Storage adopts the lent file of orchestration where it can; else the bytes are streamed. */
export async function storeChunk(
  deps: StagingDeps,
  job: PlannedJob,
  chunk: ChunkRow,
  signal: AbortSignal,
): Promise<ChunkStored> {
  const { chunkIndex, tableIndex, range } = chunk;
  const header = {
    ...chunkFile(job, tableIndex, chunkIndex),
    ownerId: ownerOf(job),
    namespace: job.namespace,
  };
  const mayLend = !notAdopting.has(deps.blobs);
  const request = { snapshotId: job.snapshotId, tableIndex, range, mayLend };
  const done = new AbortController();
  const extracted = deps.extracts.extractChunk(request, { signal: AbortSignal.any([signal, done.signal]) });
  const parts = extracted[Symbol.asyncIterator]();
  try {
    const first = await parts.next();
    if (first.value?.part.case !== "file") {
      return await putChunk(deps, { header, chunkIndex, parts: partsFrom(first, parts), signal });
    }
    const file = first.value.part.value;
    const { value: last } = await parts.next();
    if (last?.part.case !== "summary") throw chunkTruncated(chunkIndex);
    const adopted = await deps.blobs.adoptBlob({ header, file }, { signal });
    if (adopted.fileId && adopted.sha256 !== file.sha256) throw chunkDamaged(chunkIndex);
    if (adopted.fileId) return storedOf(adopted, last.part.value);
  } finally {
    // The loan ends with the call.
    done.abort();
    void parts.next().catch(() => {});
  }
  notAdopting.add(deps.blobs);
  return storeChunk(deps, job, chunk, signal);
}

async function* partsFrom(
  first: IteratorResult<ExtractChunkResponse>,
  parts: AsyncIterator<ExtractChunkResponse>,
): Parts {
  for (let next = first; !next.done; next = await parts.next()) yield next.value;
}

type Chunk = {
  readonly header: MessageInitShape<typeof PutBlobHeaderSchema>;
  readonly chunkIndex: number;
  readonly parts: Parts;
  readonly signal: AbortSignal;
};

/** Forwards the bytes as a stream. One message is in memory at a time. */
async function putChunk(
  { blobs }: StagingDeps,
  { header, chunkIndex, parts, signal }: Chunk,
): Promise<ChunkStored> {
  const sha256 = createHash("sha256");
  let summary: ExtractSummary | undefined;
  async function* upload(): AsyncGenerator<PutBlobInit> {
    yield { part: { case: "header", value: header } };
    for await (const { part } of parts) {
      if (part.case === "summary") summary = part.value;
      if (part.case !== "chunk") continue;
      sha256.update(part.value);
      for (let at = 0; at < part.value.length; at += messageBytesMax) {
        yield { part: { case: "chunk", value: part.value.subarray(at, at + messageBytesMax) } };
      }
    }
    // A stream without a summary is incomplete and must not be stored.
    if (!summary) throw chunkTruncated(chunkIndex);
  }
  const stored = await blobs.putBlob(upload(), { signal });
  if (!summary || stored.sha256 !== sha256.digest("hex")) throw chunkDamaged(chunkIndex);
  return storedOf(stored, summary);
}

const storedOf = (
  { fileId, sizeBytes, sha256 }: Pick<ChunkStored, "fileId" | "sizeBytes" | "sha256">,
  summary: ExtractSummary,
): ChunkStored => ({ fileId, sizeBytes, sha256, rowCount: summary.rowCount, columns: statsOf(summary) });

const statsOf = ({ columns }: ExtractSummary): ColumnStats[] =>
  columns.map(({ name, nullCount, min, max }) => ({
    name,
    nullCount: String(nullCount),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  }));
