import type { MethodImpl } from "@connectrpc/connect";
import type { ExecutionService } from "../../../../gen/compat/rivergen/v1/execution_pb.ts";
import { CostClass, QueryEngine } from "../../../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { exactNumber } from "../exact-number.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

const ownNames = { source_id: "data_source_id", sql: "query" };

const costClasses: Readonly<Partial<Record<CostClass, string>>> = {
  [CostClass.SMALL]: "small",
  [CostClass.MEDIUM]: "medium",
  [CostClass.LARGE]: "large",
};

export const planQuery =
  ({ executions }: RivergenDeps): MethodImpl<typeof ExecutionService.method.planQuery> =>
  async ({ dataSourceId: sourceId, query: sql }) => {
    const plan = await withOwnFields(ownNames, () => executions.planQuery({ sourceId, sql }));
    const steps = plan.scans.map((scan) => ({
      dataSourceId: scan.sourceId,
      schemaName: scan.schemaName,
      tableName: scan.tableName,
      columns: scan.columns,
      pushedFilters: scan.filters,
      moved: scan.moved,
      ...(scan.tableId !== "" && { tableId: scan.tableId }),
      ...(scan.limit !== undefined && { pushedLimit: exactNumber(scan.limit) }),
      ...(scan.rowsEstimate !== undefined && { estimatedRows: exactNumber(scan.rowsEstimate) }),
    }));
    const { engine, columns, costClass, movedRowsEstimate: rows, movedBytesEstimate: bytes } = plan;
    const found = {
      engine: engine === QueryEngine.SOURCE ? "source" : "duckdb",
      steps,
      columns: columns.map(({ name, dataType }) => ({ name, dataType })),
      costClass: costClasses[costClass] ?? "unknown",
      ...(rows !== undefined && { estimatedRows: exactNumber(rows) }),
      ...(bytes !== undefined && { estimatedBytes: exactNumber(bytes) }),
    };
    return succeed(found, "Query planned successfully");
  };
