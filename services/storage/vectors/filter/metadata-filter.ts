import { listFieldInvalid, quoted } from "../../../lib/list/list-error.ts";
import { type Comparison, type Filter, type Operator, parseFilter } from "../../../lib/list/parse-filter.ts";

export type Scalar = string | number | boolean | null;

export type MetadataComparison = {
  readonly kind: "comparison";
  /** Keys from the metadata down to the value. */
  readonly path: readonly string[];
  readonly operator: Operator;
  readonly value: Scalar;
};

/** A condition on the metadata of a vector. `filter-sql.ts` and `filter-rows.ts` mean the same by it. */
export type MetadataFilter =
  | MetadataComparison
  | { readonly kind: "and" | "or"; readonly operands: readonly MetadataFilter[] };

/** Parses a filter; undefined for an empty one. Throws INVALID_ARGUMENT (FILTER_INVALID) with the position. */
export function parseMetadataFilter(text: string): MetadataFilter | undefined {
  const filter = parseFilter(text);
  return filter && withTypes(filter);
}

function withTypes(filter: Filter): MetadataFilter {
  if (filter.kind === "comparison") return comparisonOf(filter);
  return { kind: filter.kind, operands: filter.operands.map(withTypes) };
}

function comparisonOf(comparison: Comparison): MetadataComparison {
  const { field, operator } = comparison;
  const path = field.split(".");
  if (path.includes("")) {
    const problem = `${quoted(field)} instead of keys with dots between them`;
    throw listFieldInvalid("filter", comparison.fieldPosition, problem);
  }
  const value = comparison.isQuoted ? comparison.value : scalarOf(comparison.value);
  if (typeof value === "number" && !Number.isFinite(value)) {
    const problem = `${quoted(comparison.value)}, which is no number of 64 bits,`;
    throw listFieldInvalid("filter", comparison.valuePosition, problem);
  }
  if (/[<>]/.test(operator) && (typeof value === "boolean" || value === null)) {
    throw listFieldInvalid("filter", comparison.valuePosition, `${value}, which has no order,`);
  }
  return { kind: "comparison", path, operator, value };
}

const numberForm = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const words = new Map<string, Scalar>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

function scalarOf(word: string): Scalar {
  const known = words.get(word);
  if (known !== undefined) return known;
  return numberForm.test(word) ? Number(word) : word;
}
