import { uniqueNames } from "../../../lib/values/unique-names.ts";
import type { CopyReading, ExtractColumn } from "../../engine/protocol.ts";
import { identifier } from "../../engine/sql-text.ts";
import { tableChanged } from "../../errors.ts";
import type { PlannedChunk, PlannedColumn, RowSecurity, SnapshotTable } from "../connector.ts";
import type { Interval, ReadableTable, RowDescription } from "./row-source.ts";

/** How a table is read, and how it is written. */
export type TablePlan = {
  readonly planned: readonly PlannedColumn[];
  readonly chunks: readonly PlannedChunk[];
  readonly reading: CopyReading;
  readonly columns: readonly ExtractColumn[];
  readonly table: ReadableTable;
  readonly rowSecurity: RowSecurity | undefined;
};

/** A table's plan before it is cut into chunks. */
export type TableExtent = {
  readonly plan: Omit<TablePlan, "chunks">;
  /** Estimated. */
  readonly rowCount: number;
  readonly interval: Interval | undefined;
};

/** Combines a table of the catalog with the description of its rows. FailedPrecondition (SOURCE_CHANGED). */
export function planTable(table: SnapshotTable, description: RowDescription): TableExtent {
  const { encoding, select, where, parameters, limit, key, rowCount, rowSecurity } = description;
  // Only one statement can say how many rows suffice.
  const interval = limit === undefined ? description.interval : undefined;
  const label = `${table.schemaName}.${table.name}`;
  const names = uniqueNames(table.wanted);
  const columns = table.wanted.map((wanted, index) => {
    const column = table.columns.find(({ name }) => name === wanted);
    const format = description.columns[index];
    if (!column || !format) throw tableChanged(label);
    return { column, format, name: names[index] ?? wanted };
  });
  const plan = {
    planned: columns.map(({ column, format, name }) => ({
      name,
      sourceName: column.name,
      sourceType: column.dataType,
      dataType: format.dataType,
      nullable: column.nullable,
    })),
    reading: {
      format: "copy" as const,
      encoding,
      columns: columns.map(({ name, format }) => ({ name, dataType: format.read })),
    },
    columns: columns.map(({ name, format }) => ({ name, expression: format.write(identifier(name)) })),
    table: { label, select, where, parameters, limit, encoding, ...(key !== undefined && { key }) },
    rowSecurity,
  };
  return { plan, rowCount, interval };
}
