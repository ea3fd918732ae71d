import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { findUnmovedJob } from "../find-unmoved-job.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";

export const pauseJob =
  ({ db }: StagingDeps): MethodImpl<typeof StagingService.method.pauseJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const moved = await repository.moveToPaused(db, scope, jobId);
    return { job: toJob(moved ?? (await findUnmovedJob(db, scope, jobId, "paused"))) };
  };
