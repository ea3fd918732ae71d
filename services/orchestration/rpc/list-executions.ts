import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import * as repository from "../execution-repository.ts";
import { toExecution } from "../message.ts";

export const listExecutions =
  ({ db }: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.listExecutions> =>
  async (request, context) => {
    const { sourceId, namespace } = request;
    const scope = narrow(scopeOf(context), namespace);
    const { rows, ...page } = await repository.listExecutions(db, scope, request, sourceId);
    return { executions: rows.map(toExecution), ...page };
  };
