import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { runExecution } from "../executions/run-execution.ts";
import { toListValue } from "../results/list-value.ts";

const maxRowsDefault = 1000;

export const executeQuery =
  (deps: OrchestrationDeps): MethodImpl<typeof ExecutionService.method.executeQuery> =>
  async ({ sourceId, sql, maxRows, timeout }, context) => {
    const query = { sql, maxRows: maxRows || maxRowsDefault };
    const { executionId, result } = await runExecution(
      deps,
      context,
      { sourceId, sql, timeout },
      async (source, limit) => {
        const answer = await source.query(query, limit);
        return { ...answer, rowCount: answer.rows.length };
      },
    );
    const { columns, rows, truncated } = result;
    return { executionId, columns: [...columns], rows: rows.map(toListValue), truncated };
  };
