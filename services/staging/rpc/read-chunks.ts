import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import { findStoredChunk, listStoredChunks } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { chunkNotFound, jobExpired, jobNotFound, jobWithoutManifest } from "../errors.ts";
import { findJob } from "../job-repository.ts";
import { toChunk, toManifest } from "../message.ts";

/** How long a signed URL is good. */
const urlLifetime = durationFromMs(60 * 60_000);

/** A number that the column of indexes holds. */
const isIndex = (text: string): boolean => /^\d{1,9}$/.test(text);

export const listChunks =
  ({ db, blobs }: StagingDeps): MethodImpl<typeof StagingService.method.listChunks> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const job = await findJob(db, scope, request.jobId);
    if (!job) throw jobNotFound(request.jobId);
    const page = pageOf(request, [request.jobId], isIndex);
    const read = await listStoredChunks(db, scope, request.jobId, page);
    const { rows, nextPageToken } = cutPage(read, page, (row) => String(row.chunkIndex));
    const urls = await sign(
      blobs,
      rows.map(({ fileId }) => fileId),
    );
    return { chunks: rows.map((row, index) => toChunk(job, row, urls[index] ?? "")), nextPageToken };
  };

export const getChunk =
  ({ db, blobs }: StagingDeps): MethodImpl<typeof StagingService.method.getChunk> =>
  async ({ jobId, chunkIndex }, context) => {
    const scope = scopeOf(context);
    const job = await findJob(db, scope, jobId);
    if (!job) throw jobNotFound(jobId);
    const row = await findStoredChunk(db, scope, jobId, chunkIndex);
    if (!row) throw chunkNotFound(jobId, chunkIndex);
    const [url = ""] = await sign(blobs, [row.fileId]);
    return { chunk: toChunk(job, row, url) };
  };

export const getManifest =
  ({ db, blobs }: StagingDeps): MethodImpl<typeof StagingService.method.getManifest> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const job = await findJob(db, scope, jobId);
    if (!job) throw jobNotFound(jobId);
    if (!job.manifestSha256 || !job.manifestFileId) throw jobWithoutManifest(jobId, job.state);
    if (job.expired) throw jobExpired(jobId);
    const [url = ""] = await sign(blobs, [job.manifestFileId]);
    const manifest = toManifest(job, await listStoredChunks(db, scope, jobId));
    return { manifest, sha256: job.manifestSha256, url };
  };

async function sign(blobs: StagingDeps["blobs"], fileIds: string[]): Promise<string[]> {
  if (fileIds.length === 0) return [];
  const { urls } = await blobs.signBlobs({ fileIds, lifetime: urlLifetime });
  return urls;
}
