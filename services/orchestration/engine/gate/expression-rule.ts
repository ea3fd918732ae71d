import { EngineFailure } from "../engine-failure.ts";
import { checkFunction } from "./function-rule.ts";
import {
  absent,
  checked,
  fold,
  isObject,
  type JsonObject,
  list,
  type Nesting,
  oneOf,
  plain,
  type Rule,
  record,
  refused,
  type Visit,
  variant,
} from "./rule.ts";
import { collationRule, typeRule, valueRule } from "./type-rule.ts";

// Allowed expressions, in the form of `json_serialize_sql`. An unlisted field is refused by its name: DuckDB omits unused
// fields, so a field that is present has a meaning.

/** Nesting of subqueries in expressions. Each level doubles DuckDB's binding time. */
const subqueriesMax = 16;
/** Nesting of lambdas, and of arrows, which DuckDB parses as lambdas. Each level doubles the binding time. */
const lambdasMax = 16;

/** Names that are function calls unless a column has that name. */
const valueFunctions = /^(current_(catalog|role|schema|user)|session_user|user)$/;

export const expression: Rule = (value, visit) => expressions(value, visit);

export const parametersNotTaken: Rule = () => {
  throw new EngineFailure("sqlInvalid", "parameters are not taken: write the values into the statement");
};

/** Checks a value at one more level of nesting. */
const nested =
  (enter: (nesting: Nesting, value: JsonObject) => Nesting, rule: Rule): Rule =>
  (value, visit) =>
    visit.check(value, rule, isObject(value) ? enter(visit.nesting, value) : visit.nesting);

export const subquery = record("subquery", {
  node: (value, visit) => visit.query(value, visit),
  named_param_map: parametersNotTaken,
});
const order = record("order", {
  type: oneOf("ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
  null_order: oneOf("ORDER_DEFAULT", "NULLS FIRST", "NULLS LAST"),
  expression,
});
export const orderModifier = record("order", { type: plain, orders: list(order) });

/** Fields of every expression. */
const common = { class: plain, type: plain, alias: plain, query_location: plain };
const typed = (...types: string[]) => ({ ...common, type: oneOf(...types) });
const comparisons = [
  "COMPARE_EQUAL",
  "COMPARE_NOTEQUAL",
  "COMPARE_LESSTHAN",
  "COMPARE_GREATERTHAN",
  "COMPARE_LESSTHANOREQUALTO",
  "COMPARE_GREATERTHANOREQUALTO",
  "COMPARE_DISTINCT_FROM",
  "COMPARE_NOT_DISTINCT_FROM",
];

const call = {
  function_name: plain,
  schema: plain,
  catalog: plain,
  children: list(expression),
  distinct: plain,
  export_state: absent("the inner state of an aggregate is not available"),
};

function checkColumn({ column_names: names }: JsonObject, { source }: Visit): void {
  const [name, ...rest] = Array.isArray(names) ? names : [];
  const folded = fold(name);
  if (rest.length === 0 && valueFunctions.test(folded) && !source.hasColumn(folded)) {
    throw refused(`${folded} is not available: it is about the server`);
  }
}

const inSubquery = (nesting: Nesting): Nesting => {
  if (nesting.subqueries === subqueriesMax) {
    throw refused(`more than ${subqueriesMax} subqueries in one another: join them, or name them by WITH`);
  }
  return { ...nesting, subqueries: nesting.subqueries + 1 };
};

const inLambda = (nesting: Nesting): Nesting => {
  if (nesting.lambdas === lambdasMax) {
    throw refused(`more than ${lambdasMax} lambdas or arrows in one another: a path of JSON can be one text`);
  }
  return { ...nesting, lambdas: nesting.lambdas + 1 };
};

const expressions = variant("expression", "class", {
  BETWEEN: record("comparison", {
    ...typed("COMPARE_BETWEEN"),
    input: expression,
    lower: expression,
    upper: expression,
  }),
  CASE: record("case", {
    ...typed("CASE_EXPR"),
    case_checks: list(record("case", { when_expr: expression, then_expr: expression })),
    else_expr: expression,
  }),
  CAST: record("cast", {
    ...typed("OPERATOR_CAST"),
    child: expression,
    cast_type: typeRule,
    try_cast: plain,
  }),
  COLLATE: record("collation", { ...typed("COLLATE"), child: expression, collation: collationRule }),
  COLUMN_REF: checked(checkColumn, record("column", { ...typed("COLUMN_REF"), column_names: list(plain) })),
  COMPARISON: record("comparison", { ...typed(...comparisons), left: expression, right: expression }),
  CONJUNCTION: record("conjunction", {
    ...typed("CONJUNCTION_AND", "CONJUNCTION_OR"),
    children: list(expression),
  }),
  CONSTANT: record("constant", { ...typed("VALUE_CONSTANT"), value: valueRule }),
  FUNCTION: checked(
    checkFunction,
    record("function", {
      ...typed("FUNCTION"),
      ...call,
      filter: expression,
      order_bys: orderModifier,
      is_operator: plain,
    }),
  ),
  LAMBDA: nested(inLambda, record("lambda", { ...typed("LAMBDA"), lhs: expression, expr: expression })),
  OPERATOR: record("operator", {
    ...typed(
      "ARRAY_EXTRACT",
      "ARRAY_SLICE",
      "STRUCT_EXTRACT",
      "ARRAY_CONSTRUCTOR",
      "COMPARE_IN",
      "COMPARE_NOT_IN",
      "GROUPING_FUNCTION",
      "OPERATOR_COALESCE",
      "OPERATOR_IS_NOT_NULL",
      "OPERATOR_IS_NULL",
      "OPERATOR_NOT",
      "OPERATOR_NULLIF",
      "OPERATOR_TRY",
      "OPERATOR_UNPACK",
    ),
    children: list(expression),
  }),
  PARAMETER: parametersNotTaken,
  POSITIONAL_REFERENCE: record("position", { ...typed("POSITIONAL_REFERENCE"), index: plain }),
  STAR: record("star", {
    ...typed("STAR"),
    relation_name: plain,
    exclude_list: list(plain),
    qualified_exclude_list: list(
      record("name", { column: plain, table: plain, schema: plain, catalog: plain }),
    ),
    replace_list: list(record("replacement", { key: plain, value: expression })),
    rename_list: list(
      record("name", {
        key: record("name", { column: plain, table: plain, schema: plain, catalog: plain }),
        value: plain,
      }),
    ),
    columns: plain,
    unpacked: plain,
    expr: expression,
  }),
  SUBQUERY: nested(
    inSubquery,
    record("subquery", {
      ...typed("SUBQUERY"),
      subquery_type: oneOf("SCALAR", "EXISTS", "NOT_EXISTS", "ANY"),
      subquery,
      child: expression,
      comparison_type: oneOf("INVALID", ...comparisons),
    }),
  ),
  WINDOW: checked(
    checkFunction,
    record("window", {
      ...typed(
        "WINDOW_AGGREGATE",
        "WINDOW_RANK",
        "WINDOW_RANK_DENSE",
        "WINDOW_NTILE",
        "WINDOW_PERCENT_RANK",
        "WINDOW_CUME_DIST",
        "WINDOW_ROW_NUMBER",
        "WINDOW_FIRST_VALUE",
        "WINDOW_LAST_VALUE",
        "WINDOW_LEAD",
        "WINDOW_LAG",
        "WINDOW_NTH_VALUE",
        "WINDOW_FILL",
      ),
      ...call,
      partitions: list(expression),
      orders: list(order),
      start: plain,
      end: plain,
      start_expr: expression,
      end_expr: expression,
      offset_expr: expression,
      default_expr: expression,
      ignore_nulls: plain,
      filter_expr: expression,
      exclude_clause: oneOf("CURRENT_ROW", "GROUP", "TIES", "NO_OTHER"),
      arg_orders: list(order),
    }),
  ),
});
