import type { CatalogTable, Scan } from "../catalog-statement.ts";
import { EngineFailure } from "../engine-failure.ts";
import { isObject, type Json, type JsonObject } from "../gate/rule.ts";
import { numberOf } from "./filter-values.ts";
import { indexOfStandIn } from "./open-tables.ts";
import { fieldsOf, listOf, translateFilter } from "./table-filters.ts";

/** More predicates of one scan are not sent to a source. */
const predicatesMax = 100;

/** Reads from an optimized plan what each of its scans needs. */
export function findScans(plan: Json, tables: readonly CatalogTable[]): Scan[] {
  const scans: Scan[] = [];
  const queue: { readonly value: Json; readonly limit: number | undefined }[] = [
    { value: plan, limit: undefined },
  ];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { value, limit } = next;
    if (value === null || typeof value !== "object") continue;
    if (isObject(value) && value.type === "LOGICAL_GET") {
      const scan = scanOf(value, tables, limit);
      if (scan) scans.push(scan);
    }
    // Plans are in other places, too, such as those of common table expressions.
    const inner = isObject(value) ? innerLimit(value, limit) : limit;
    for (const child of Object.values(value)) queue.push({ value: child, limit: inner });
  }
  return scans.reverse();
}

/** Number of rows that suffice below an operator. Only a projection has the rows of what is below it. */
function innerLimit({ type, ...operator }: JsonObject, limit: number | undefined): number | undefined {
  if (type === "LOGICAL_LIMIT") {
    const rows = constantOf(operator.limit_val);
    const offset = fieldsOf(operator.offset_val).type === "UNSET" ? 0 : constantOf(operator.offset_val);
    const sum = rows === undefined || offset === undefined ? undefined : rows + offset;
    return sum !== undefined && Number.isSafeInteger(sum) ? sum : undefined;
  }
  return type === "LOGICAL_PROJECTION" ? limit : undefined;
}

function constantOf(value: Json | undefined): number | undefined {
  const { type, constant_integer: rows } = fieldsOf(value);
  return type === "CONSTANT_VALUE" ? numberOf(rows) : undefined;
}

/** Undefined for a function that reads no table. */
function scanOf(
  { name, names, ...get }: JsonObject,
  tables: readonly CatalogTable[],
  limit: number | undefined,
): Scan | undefined {
  if (name !== "seq_scan") return undefined;
  const table = indexOfStandIn(fieldsOf(get.function_data).table);
  const known = tables[table];
  if (!known || !Array.isArray(names) || names.length !== known.columns.length) {
    throw new EngineFailure("internal", "a plan reads a table that is none of the statement");
  }
  const nameOf = (index: number | undefined) => known.columns[index ?? -1]?.name;
  // Other indexes stand for the number of the row, or for no column.
  const columns = listOf(get.column_indexes).flatMap(
    (column) => nameOf(numberOf(fieldsOf(column).index)) ?? [],
  );
  const filters = listOf(fieldsOf(get.table_filters).filters).map((entry) => {
    const { key, value } = fieldsOf(entry);
    const column = nameOf(numberOf(key));
    return column === undefined ? { predicates: [], isComplete: false } : translateFilter(column, value);
  });
  const predicates = filters.flatMap((filter) => filter.predicates);
  const isShort = predicates.length <= predicatesMax;
  return {
    table,
    columns: [...new Set(columns)],
    predicates: isShort ? predicates : [],
    isComplete: isShort && filters.every((filter) => filter.isComplete),
    ...(limit !== undefined && { limit }),
  };
}
