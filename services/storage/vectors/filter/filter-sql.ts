import { and, not, or, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { MetadataComparison, MetadataFilter, Scalar } from "./metadata-filter.ts";

/** Condition of a filter on a column of jsonb objects; true for no filter. It is never null. */
export function filterSql(column: SQLWrapper, filter: MetadataFilter | undefined): SQL {
  if (!filter) return sql`true`;
  if (filter.kind === "comparison") return comparisonSql(column, filter);
  const operands = filter.operands.map((operand) => filterSql(column, operand));
  return (filter.kind === "and" ? and(...operands) : or(...operands)) ?? sql`true`;
}

function comparisonSql(column: SQLWrapper, { path, operator, value }: MetadataComparison): SQL {
  switch (operator) {
    case "=":
      return equals(column, path, value);
    case "!=":
      return not(equals(column, path, value));
    case ":":
      return sql`coalesce(${valueAt(column, path)} @> ${JSON.stringify(value)}::jsonb, false)`;
    default:
      return inOrder(valueAt(column, path), operator, value);
  }
}

/** Containment of an object, which a GIN index serves. Within an object, a list never contains a scalar. */
function equals(column: SQLWrapper, path: readonly string[], value: Scalar): SQL {
  const object = path.reduceRight<unknown>((inner, key) => Object.fromEntries([[key, inner]]), value);
  return sql`${column} @> ${JSON.stringify(object)}::jsonb`;
}

/** A text as key finds nothing in a list, in contrast to a number. */
const valueAt = (column: SQLWrapper, path: readonly string[]): SQL =>
  path.reduce((value, key) => sql`${value} -> ${key}::text`, sql`${column}`);

function inOrder(found: SQL, operator: string, value: Scalar): SQL {
  const sign = sql.raw(operator);
  return typeof value === "number"
    ? sql`coalesce(jsonb_typeof(${found}) = 'number' and (${found}) ${sign} ${JSON.stringify(value)}::jsonb, false)`
    : sql`coalesce(jsonb_typeof(${found}) = 'string' and (${found} #>> '{}') collate "C" ${sign} ${String(value)}::text, false)`;
}
