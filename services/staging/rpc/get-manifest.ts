import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { listStoredChunks } from "../chunk-repository.ts";
import type { StagingDeps } from "../deps.ts";
import { jobExpired, jobNotFound, jobWithoutManifest } from "../errors.ts";
import { findJob } from "../job-repository.ts";
import { toManifest } from "../message.ts";
import { signFiles } from "../sign-files.ts";

export const getManifest =
  ({ db, blobs }: StagingDeps): MethodImpl<typeof StagingService.method.getManifest> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const job = await findJob(db, scope, jobId);
    if (!job) throw jobNotFound(jobId);
    if (!job.manifestSha256 || !job.manifestFileId) throw jobWithoutManifest(jobId, job.state);
    if (job.expired) throw jobExpired(jobId);
    const [url = ""] = await signFiles(blobs, [job.manifestFileId]);
    const manifest = toManifest(job, await listStoredChunks(db, scope, jobId));
    return { manifest, sha256: job.manifestSha256, url };
  };
