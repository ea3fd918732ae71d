import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { findStoredChunk } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { chunkNotFound, jobNotFound } from "../errors.ts";
import { findJob } from "../job-repository.ts";
import { toChunk } from "../message.ts";
import { signFiles } from "../sign-files.ts";

export const getChunk =
  ({ db, blobs }: StagingDeps): MethodImpl<typeof StagingService.method.getChunk> =>
  async ({ jobId, chunkIndex }, context) => {
    const scope = scopeOf(context);
    const job = await findJob(db, scope, jobId);
    if (!job) throw jobNotFound(jobId);
    const row = await findStoredChunk(db, scope, jobId, chunkIndex);
    if (!row) throw chunkNotFound(jobId, chunkIndex);
    const [url = ""] = await signFiles(blobs, [row.fileId]);
    return { chunk: toChunk(job, row, url) };
  };
