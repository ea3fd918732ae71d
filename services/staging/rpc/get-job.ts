import type { MethodImpl } from "@connectrpc/connect";
import type { StagingService } from "../../../gen/sluice/staging/v1/jobs_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";
import { toJob } from "../message.ts";

export const getJob =
  ({ db }: StagingDeps): MethodImpl<typeof StagingService.method.getJob> =>
  async ({ jobId }, context) => {
    const row = await repository.findJob(db, scopeOf(context), jobId);
    if (!row) throw jobNotFound(jobId);
    return { job: toJob(row) };
  };
