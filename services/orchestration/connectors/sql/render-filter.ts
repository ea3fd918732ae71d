import type { Predicate, RowFilter } from "../../engine/row-filter.ts";

/** A condition, and the values of its parameters in their order. */
export type RenderedFilter = { readonly where?: string; readonly parameters?: readonly string[] };

/** Writes a predicate. `bind` returns the parameter for a value. */
export type RenderPredicate = (predicate: Predicate, bind: (value: string) => string) => string;

/** Writes a filter in a database's SQL. `parameterOf` names a parameter by its index. */
export function renderFilter(
  filter: RowFilter | undefined,
  parameterOf: (index: number) => string,
  render: RenderPredicate,
): RenderedFilter {
  if (!filter || filter.length === 0 || filter.some((predicates) => predicates.length === 0)) return {};
  const parameters: string[] = [];
  const bind = (value: string) => parameterOf(parameters.push(value) - 1);
  const alternatives = filter.map(
    (predicates) => `(${predicates.map((predicate) => render(predicate, bind)).join(" and ")})`,
  );
  return { where: `(${alternatives.join(" or ")})`, parameters };
}

/** Joins the conditions that there are, with the keyword before them. */
export const whereAll = (...conditions: readonly (string | undefined)[]): string => {
  const known = conditions.filter((condition) => condition !== undefined && condition !== "");
  return known.length === 0 ? "" : ` where ${known.join(" and ")}`;
};

/** The limit is a number of ours. */
export const limitOf = (limit: number | undefined): string =>
  limit === undefined ? "" : ` limit ${Math.trunc(limit)}`;
