import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import * as repository from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { jobNotFound } from "../errors.ts";
import { findJob } from "../job-repository.ts";
import { toChunk } from "../message.ts";
import { signFiles } from "../sign-files.ts";

export const listChunks =
  ({ db, blobs }: StagingDeps): MethodImpl<typeof StagingService.method.listChunks> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const job = await findJob(db, scope, request.jobId);
    if (!job) throw jobNotFound(request.jobId);
    const { rows, ...page } = await repository.listChunks(db, scope, request.jobId, request);
    const urls = await signFiles(
      blobs,
      rows.map(({ fileId }) => fileId),
    );
    return { chunks: rows.map((row, index) => toChunk(job, row, urls[index] ?? "")), ...page };
  };
