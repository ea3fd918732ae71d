import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { executionNotFound } from "../errors.ts";
import * as repository from "../execution-repository.ts";
import { toExecution } from "../message.ts";

export const getExecution =
  ({ db }: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.getExecution> =>
  async ({ executionId }, context) => {
    const row = await repository.findExecution(db, scopeOf(context), executionId);
    if (!row) throw executionNotFound(executionId);
    return { execution: toExecution(row) };
  };
