import { isObject, type Json, type JsonObject } from "../gate/rule.ts";
import { type Operator, type Predicate, valuesMax } from "../row-filter.ts";
import { textOf } from "./filter-values.ts";

/** Predicates that follow from a filter, and whether they are all of it. */
export type Translation = { readonly predicates: readonly Predicate[]; readonly isComplete: boolean };

const comparisons: Readonly<Record<string, Operator>> = {
  COMPARE_EQUAL: "=",
  COMPARE_NOTEQUAL: "<>",
  COMPARE_LESSTHAN: "<",
  COMPARE_LESSTHANOREQUALTO: "<=",
  COMPARE_GREATERTHAN: ">",
  COMPARE_GREATERTHANOREQUALTO: ">=",
};

const nothing: Translation = { predicates: [], isComplete: false };

const complete = (column: string, operator: Operator, values: readonly string[]): Translation => ({
  predicates: [{ column, operator, values }],
  isComplete: true,
});

/**
 * Translates a filter of one column in an optimized plan. DuckDB puts conditions there that every row of the scan has to meet.
 * A part that is not known is left out.
 */
export function translateFilter(column: string, filter: Json | undefined): Translation {
  if (!isObject(filter)) return nothing;
  switch (filter.filter_type) {
    case "CONSTANT_COMPARISON":
      return comparison(column, filter.comparison_type, filter.constant);
    case "IN_FILTER":
      return oneOf(column, listOf(filter.values).map(textOf));
    case "CONJUNCTION_AND": {
      const parts = listOf(filter.child_filters).map((part) => translateFilter(column, part));
      return {
        predicates: parts.flatMap(({ predicates }) => predicates),
        isComplete: parts.every(({ isComplete }) => isComplete),
      };
    }
    case "CONJUNCTION_OR":
      return oneOf(column, listOf(filter.child_filters).map(equalValue));
    // DuckDB checks the whole condition above the scan, too.
    case "OPTIONAL_FILTER":
      return { ...translateFilter(column, filter.child_filter), isComplete: false };
    case "EXPRESSION_FILTER":
      return translateExpression(column, filter.expr);
    default:
      return nothing;
  }
}

function comparison(column: string, type: Json | undefined, constant: Json | undefined): Translation {
  const operator = typeof type === "string" ? comparisons[type] : undefined;
  const value = textOf(constant);
  return operator && value !== undefined ? complete(column, operator, [value]) : nothing;
}

function oneOf(column: string, values: readonly (string | undefined)[]): Translation {
  const known = values.filter((value) => value !== undefined);
  if (known.length !== values.length || known.length === 0 || known.length > valuesMax) return nothing;
  return complete(column, "in", known);
}

/** The value of a filter that compares for equality. */
function equalValue(filter: Json): string | undefined {
  if (!isObject(filter) || filter.filter_type !== "CONSTANT_COMPARISON") return undefined;
  return filter.comparison_type === "COMPARE_EQUAL" ? textOf(filter.constant) : undefined;
}

/** `is null` and `is not null` of the column itself, and a list of values. */
function translateExpression(column: string, expression: Json | undefined): Translation {
  if (!isObject(expression) || expression.expression_class !== "BOUND_OPERATOR") return nothing;
  const [first, ...rest] = listOf(expression.children);
  if (!isColumn(first)) return nothing;
  if (expression.type === "OPERATOR_IS_NULL") return complete(column, "is null", []);
  if (expression.type === "OPERATOR_IS_NOT_NULL") return complete(column, "is not null", []);
  if (expression.type !== "COMPARE_IN") return nothing;
  return oneOf(column, rest.map(constantOf));
}

const isColumn = (expression: Json | undefined): boolean =>
  isObject(expression) && expression.expression_class === "BOUND_REF";

const constantOf = (expression: Json): string | undefined =>
  isObject(expression) && expression.expression_class === "BOUND_CONSTANT"
    ? textOf(expression.value)
    : undefined;

export const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/** The fields of an object; none of anything else. */
export const fieldsOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
