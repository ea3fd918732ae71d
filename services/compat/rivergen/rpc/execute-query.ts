import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../../gen/compat/rivergen/v1/execution_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

const ownNames = { source_id: "data_source_id", sql: "query", timeout: "timeout_seconds" };

export const executeQuery =
  ({ executions }: RivergenDeps): MethodImpl<typeof ExecutionService.method.executeQuery> =>
  async ({ dataSourceId, query, maxRows, timeoutSeconds }) => {
    const request = {
      sourceId: dataSourceId,
      sql: query,
      maxRows,
      ...(timeoutSeconds > 0 && { timeout: { seconds: BigInt(timeoutSeconds) } }),
    };
    const executed = await withOwnFields(ownNames, () => executions.executeQuery(request));
    const { executionId, columns, rows, truncated, fromCache } = executed;
    const result = {
      executionId,
      columns: columns.map(({ name, dataType }) => ({ name, dataType })),
      rows,
      rowCount: rows.length,
      truncated,
      fromCache,
    };
    return succeed(result, "Query executed successfully");
  };
