import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import type { OrchestrationDeps } from "../deps.ts";
import * as repository from "../execution-repository.ts";
import { toExecution } from "../message.ts";

export const listExecutions =
  ({ db }: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.listExecutions> =>
  async (request, context) => {
    const { sourceId } = request;
    const page = pageOf(request, [sourceId]);
    const found = await repository.listExecutions(db, scopeOf(context), page, sourceId);
    const { rows, nextPageToken } = cutPage(found, page, ({ executionId }) => executionId);
    return { executions: rows.map(toExecution), nextPageToken };
  };
