import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ColumnOriginSchema,
  CostClass as CostClassMessage,
  type PlannedScanSchema,
  type PlanQueryResponseSchema,
  QueryEngine,
} from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { TypedColumn } from "./engine/protocol.ts";
import { type DescribedScan, sumOf } from "./federation/describe-scans.ts";
import { type CostClass, costClassOf } from "./federation/estimate.ts";
import type { LineageColumn } from "./lineage/lineage.ts";
import type { SourceRow } from "./source-repository.ts";

type Plan = MessageInitShape<typeof PlanQueryResponseSchema>;
type Origins = MessageInitShape<typeof ColumnOriginSchema>[];

const costClasses: Readonly<Record<CostClass, CostClassMessage>> = {
  small: CostClassMessage.SMALL,
  medium: CostClassMessage.MEDIUM,
  large: CostClassMessage.LARGE,
  unknown: CostClassMessage.UNKNOWN,
};

/** Plan of a statement that its source runs as a whole. */
export const toWholePlan = (
  { sourceId, displayName: sourceName, connector }: SourceRow,
  statement: string,
  lineage: Origins,
): Plan => ({
  engine: QueryEngine.SOURCE,
  scans: [{ sourceId, sourceName, connector, statement }],
  lineage,
  costClass: CostClassMessage.UNKNOWN,
});

/** Plan of a statement that DuckDB runs. */
export function toPlan(
  columns: readonly TypedColumn[],
  scans: readonly DescribedScan[],
  lineage: Origins,
): Plan {
  const moved = scans.filter(({ isMoved }) => isMoved);
  const movedRows = sumOf(moved.map(({ rowCount }) => rowCount));
  const movedBytes = sumOf(moved.map(({ sizeBytes }) => sizeBytes));
  return {
    engine: QueryEngine.DUCKDB,
    scans: scans.map(toPlannedScan),
    columns: [...columns],
    lineage,
    ...(movedRows !== undefined && { movedRowsEstimate: BigInt(movedRows) }),
    ...(movedBytes !== undefined && { movedBytesEstimate: BigInt(movedBytes) }),
    costClass: costClasses[costClassOf(sumOf(scans.map(({ sizeBytes }) => sizeBytes)))],
  };
}

function toPlannedScan(scan: DescribedScan): MessageInitShape<typeof PlannedScanSchema> {
  const { source, table, read } = scan.table;
  const { rowCount, sizeBytes } = scan;
  return {
    sourceId: source.sourceId,
    sourceName: source.displayName,
    connector: source.connector,
    tableId: table.tableId,
    schemaName: table.schemaName,
    tableName: table.name,
    columns: [...read.wanted],
    filters: [...scan.filters],
    ...(read.limit !== undefined && { limit: BigInt(read.limit) }),
    statement: scan.statement,
    parameters: [...scan.parameters],
    moved: scan.isMoved,
    ...(rowCount !== undefined && { rowsEstimate: BigInt(Math.round(rowCount)) }),
    ...(sizeBytes !== undefined && { bytesEstimate: BigInt(sizeBytes) }),
  };
}

export const toColumnOrigins = (columns: readonly LineageColumn[]): Origins =>
  columns.map(({ toColumn, columnEntityId, fromColumn, transformation }) => ({
    column: toColumn,
    tableId: columnEntityId,
    tableColumn: fromColumn,
    transformation,
  }));
