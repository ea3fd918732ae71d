import type { MethodImpl } from "@connectrpc/connect";
import type { PackageService } from "../../../gen/sluice/staging/v1/packages_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StagingDeps } from "../deps.ts";
import { jobExpired, jobNotFound } from "../errors.ts";
import * as repository from "../job-repository.ts";

export const keepJob =
  ({ db }: StagingDeps): MethodImpl<typeof PackageService.method.keepJob> =>
  async ({ jobId }, context) => {
    const scope = scopeOf(context);
    if (await repository.keepJob(db, scope, jobId)) return {};
    throw (await repository.findJob(db, scope, jobId)) ? jobExpired(jobId) : jobNotFound(jobId);
  };
