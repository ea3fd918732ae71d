import { z } from "zod";

/** Comparisons that can be evaluated at a source. */
const operators = ["=", "<>", "<", "<=", ">", ">=", "in", "is null", "is not null"] as const;

export type Operator = (typeof operators)[number];

/** A condition on one column. */
export type Predicate = {
  readonly column: string;
  readonly operator: Operator;
  /** As DuckDB writes them as text: none for `is null`, one or more for `in`, else one. */
  readonly values: readonly string[];
};

/** Rows that match every predicate of one list at least. Empty lists match all rows. */
export type RowFilter = readonly (readonly Predicate[])[];

/** Maximum of values of one `in`. */
export const valuesMax = 1000;

/** Maximum of values of one filter. */
export const filterValuesMax = 10_000;

/** Number of values of a filter. */
export const countValues = (filter: RowFilter): number =>
  filter.flat().reduce((sum, { values }) => sum + values.length, 0);

export const predicateSchema = z.object({
  column: z.string(),
  operator: z.enum(operators),
  values: z.array(z.string()).max(valuesMax).readonly(),
});

/** The condition as text, for people. */
export const formatPredicate = ({ column, operator, values }: Predicate): string => {
  if (operator === "in") return `${column} in (${values.join(", ")})`;
  return [column, operator, ...values].join(" ");
};
