import type { MethodImpl } from "@connectrpc/connect";
import type { CrashService } from "../../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import * as repository from "../crashes/crash-repository.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { toCrash } from "../message.ts";

export const listCrashes =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CrashService.method.listCrashes> =>
  async (request, context) => {
    const { rows, ...page } = await repository.listCrashes(db, scopeOf(context), request);
    return { crashes: rows.map(toCrash), ...page };
  };
