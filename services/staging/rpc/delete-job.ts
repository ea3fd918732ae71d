import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";
import { enqueueSweep } from "../queues.ts";

export const deleteJob =
  ({ db, jobs }: StagingDeps): MethodImpl<typeof StagingService.method.deleteJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      if (!(await repository.deleteJob(tx, scope, jobId))) throw jobNotFound(jobId);
      await enqueueSweep(jobs, tx, { orgId: scope.orgId, jobId });
    });
    return {};
  };
