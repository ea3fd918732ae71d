import type { MethodImpl } from "@connectrpc/connect";
import type { CrashService } from "../../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { deleteCrash } from "../crashes/crash-repository.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { crashNotFound } from "../errors.ts";

export const releaseCrash =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CrashService.method.releaseCrash> =>
  async ({ crashId }, context) => {
    if (!(await deleteCrash(db, scopeOf(context), crashId))) throw crashNotFound(crashId);
    return {};
  };
