import type { MethodImpl } from "@connectrpc/connect";
import type { PackageService } from "../../../gen/sluice/staging/v1/packages_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";
import { enqueueSweep } from "../queues.ts";

export const dropJob =
  ({ db, jobs }: StagingDeps): MethodImpl<typeof PackageService.method.dropJob> =>
  ({ jobId }, context) =>
    db.transaction(async (tx) => {
      const scope = scopeOf(context);
      const dropped =
        (await repository.moveToCancelled(tx, scope, jobId)) ??
        (await repository.moveToExpired(tx, scope, jobId));
      if (dropped) await enqueueSweep(jobs, tx, dropped);
      else if (!(await repository.findJob(tx, scope, jobId))) throw jobNotFound(jobId);
      return {};
    });
