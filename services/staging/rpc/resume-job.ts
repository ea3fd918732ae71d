import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { findUnmovedJob } from "../find-unmoved-job.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";
import { enqueueRun } from "../queues.ts";

export const resumeJob =
  ({ db, jobs }: StagingDeps): MethodImpl<typeof StagingService.method.resumeJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    const moved = await db.transaction(async (tx) => {
      const row = await repository.moveToQueued(tx, scope, jobId);
      if (row) await enqueueRun(jobs, tx, row);
      return row;
    });
    return { job: toJob(moved ?? (await findUnmovedJob(db, scope, jobId, "resumed"))) };
  };
