import { compareCodePoints } from "../compare-code-points.ts";
import type { MetadataColumns } from "./metadata-columns.ts";
import type { MetadataComparison, MetadataFilter } from "./metadata-filter.ts";

/** Marks rows that match a filter with 1, as `filterSql` selects them. */
export function filterRows(columns: MetadataColumns, filter: MetadataFilter): Uint8Array {
  if (filter.kind === "comparison") return compareRows(columns, filter);
  const [first, ...rest] = filter.operands.map((operand) => filterRows(columns, operand));
  if (!first) throw new Error("a filter has at least one operand");
  const isAnd = filter.kind === "and";
  for (const other of rest) {
    for (let row = 0; row < first.length; row += 1) {
      const [one = 0, two = 0] = [first[row], other[row]];
      first[row] = isAnd ? one & two : one | two;
    }
  }
  return first;
}

/** Compares each different value once. */
function compareRows(columns: MetadataColumns, comparison: MetadataComparison): Uint8Array {
  const { codes, values } = columns.at(comparison.path);
  const matching = Uint8Array.from(values, (value) => (matches(value, comparison) ? 1 : 0));
  const marks = new Uint8Array(columns.rowCount());
  for (let row = 0; row < marks.length; row += 1) marks[row] = matching[codes[row] ?? 0] ?? 0;
  return marks;
}

/** `found` is undefined for vectors without the field. */
function matches(found: unknown, { operator, value }: MetadataComparison): boolean {
  switch (operator) {
    case "=":
      return found === value;
    case "!=":
      return found !== value;
    case ":":
      return found === value || (Array.isArray(found) && found.includes(value));
    default:
      return isInOrder(found, operator, value);
  }
}

function isInOrder(found: unknown, operator: string, value: unknown): boolean {
  const order = orderOf(found, value);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order >= 0;
  }
}

/** NaN, which is in no order, for values of different types. */
function orderOf(found: unknown, value: unknown): number {
  if (typeof found === "number" && typeof value === "number") return found - value;
  if (typeof found === "string" && typeof value === "string") return compareCodePoints(found, value);
  return Number.NaN;
}
