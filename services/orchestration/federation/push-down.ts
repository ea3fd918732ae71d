import type { Comparison } from "../connectors/connector.ts";
import type { Scan } from "../engine/catalog-statement.ts";
import { countValues, filterValuesMax, type Predicate, type RowFilter } from "../engine/row-filter.ts";

/** A column of a table, with DuckDB's type and the conditions that its source evaluates. */
export type ReadColumn = {
  readonly name: string;
  readonly dataType: string;
  readonly comparison?: Comparison | undefined;
};

/** What is read of a table. */
export type TableRead = {
  readonly wanted: readonly string[];
  readonly filter?: RowFilter | undefined;
  readonly limit?: number | undefined;
};

/** Alternatives of a filter. Beyond, the whole table is read. */
const alternativesMax = 16;

/** Decides what is read of a table, from all scans of it in a statement. */
export function pushDown(columns: readonly ReadColumn[], scans: readonly Scan[]): TableRead {
  // DuckDB knows that no row is needed, as with `WHERE false`.
  if (scans.length === 0) return { wanted: [narrowest(columns)], limit: 0 };
  const wanted = new Set(scans.flatMap((scan) => scan.columns));
  const filters = scans.map(({ predicates }) => predicates.filter((one) => isEvaluated(one, columns)));
  const [scan, ...others] = scans;
  const isFiltered = filters.length > 0 && filters.every((predicates) => predicates.length > 0);
  const whole = isFiltered && filters.length <= alternativesMax ? distinct(filters) : undefined;
  const isTooLarge = whole !== undefined && countValues(whole) > filterValuesMax;
  const filter = isTooLarge ? undefined : whole;
  const isLimited =
    scan !== undefined &&
    others.length === 0 &&
    scan.limit !== undefined &&
    !isTooLarge &&
    hasAll(scan, columns);
  return {
    wanted:
      wanted.size > 0
        ? columns.map(({ name }) => name).filter((name) => wanted.has(name))
        : [narrowest(columns)],
    ...(filter && { filter }),
    ...(isLimited && { limit: scan.limit }),
  };
}

function distinct(filters: readonly (readonly Predicate[])[]): RowFilter {
  const unique = new Map(filters.map((predicates) => [JSON.stringify(predicates), predicates]));
  return [...unique.values()];
}

const comparisonOf = (column: string, columns: readonly ReadColumn[]): Comparison | undefined =>
  columns.find(({ name }) => name === column)?.comparison;

/** Whether the source returns every row that matches in DuckDB. */
function isEvaluated({ column, operator }: Predicate, columns: readonly ReadColumn[]): boolean {
  const comparison = comparisonOf(column, columns);
  if (!comparison) return false;
  if (operator === "is not null") return true;
  if (operator === "is null") return comparison.hasAllNulls;
  if (comparison.operators === "order") return true;
  return comparison.operators === "equality" && (operator === "=" || operator === "in");
}

/** Whether the source evaluates all conditions of the scan, and returns no other rows. */
const hasAll = ({ isComplete, predicates }: Scan, columns: readonly ReadColumn[]): boolean =>
  isComplete &&
  predicates.every(
    (predicate) =>
      isEvaluated(predicate, columns) && (comparisonOf(predicate.column, columns)?.isExact ?? false),
  );

/** Types of small values, the best first: a database has dates that DuckDB has not. */
const narrow = [/^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT))$/, /^DATE$/];

/** A column of small values, for a table of which only the number of rows counts. */
function narrowest(columns: readonly ReadColumn[]): string {
  const [found] = narrow.flatMap((pattern) => columns.find(({ dataType }) => pattern.test(dataType)) ?? []);
  return (found ?? columns[0])?.name ?? "";
}
