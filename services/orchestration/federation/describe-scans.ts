import type { ReadDescription } from "../connectors/connector.ts";
import { formatPredicate } from "../engine/row-filter.ts";
import { tableChanged } from "../errors.ts";
import type { Limit } from "../timing/limit.ts";
import { estimateBytes } from "./estimate.ts";
import { formatReference } from "./match-tables.ts";
import { type PlannedTable, toSnapshotTable } from "./plan-catalog-statement.ts";

/** What is read of a table, with the source's own estimate. */
export type DescribedScan = {
  readonly table: PlannedTable;
  readonly filters: readonly string[];
  /** Empty for a file. */
  readonly statement: string;
  readonly parameters: readonly string[];
  readonly isMoved: boolean;
  /** Undefined if unknown. */
  readonly rowCount: number | undefined;
  readonly sizeBytes: number | undefined;
};

/** Asks the sources for the statements that read the tables, and for estimates. */
export async function describeScans(tables: readonly PlannedTable[], limit: Limit): Promise<DescribedScan[]> {
  const groups = [...Map.groupBy(tables, ({ dataSource }) => dataSource)];
  const described = await Promise.all(
    groups.map(async ([dataSource, group]) => {
      const wanted = group.map(({ table, read }) => toSnapshotTable({ ...table, ...read }));
      const descriptions = await dataSource.describeTables?.(wanted, limit);
      return group.map((table, index) => [table, toScan(table, descriptions, index)] as const);
    }),
  );
  const byTable = new Map(described.flat());
  return tables.flatMap((table) => byTable.get(table) ?? []);
}

function toScan(
  table: PlannedTable,
  descriptions: readonly ReadDescription[] | undefined,
  index: number,
): DescribedScan {
  const description = descriptions?.[index];
  if (descriptions && !description) throw tableChanged(formatReference(table.reference));
  const known = table.table.rowCount;
  const rowCount = description?.rowCount ?? (known === null ? undefined : Number(known));
  const types = table.columns
    .filter(({ name }) => table.read.wanted.includes(name))
    .map(({ dataType }) => dataType);
  return {
    table,
    filters: filtersOf(table),
    statement: description?.statement ?? "",
    parameters: description?.parameters ?? [],
    isMoved: description !== undefined,
    rowCount,
    sizeBytes: rowCount === undefined ? undefined : estimateBytes(rowCount, types),
  };
}

/** The conditions that the source evaluates, of which a row meets all. */
function filtersOf({ read: { filter = [] } }: PlannedTable): string[] {
  const alternatives = filter.map((predicates) => predicates.map(formatPredicate));
  const [only, ...others] = alternatives;
  if (only && others.length === 0) return only;
  return alternatives.length === 0 ? [] : [alternatives.map((texts) => texts.join(" and ")).join(" or ")];
}

/** Sum of what is known of all; undefined if something is not. */
export const sumOf = (values: readonly (number | undefined)[]): number | undefined =>
  values.reduce<number | undefined>(
    (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value),
    0,
  );
