import { expression, orderModifier, parametersNotTaken, subquery } from "./expression-rule.ts";
import { checkTableFunction } from "./function-rule.ts";
import {
  absent,
  checked,
  data,
  fold,
  isObject,
  list,
  oneOf,
  plain,
  type Rule,
  record,
  variant,
} from "./rule.ts";
import { checkTable, scopeOf } from "./table-rule.ts";
import { typeRule, valueRule } from "./type-rule.ts";

// Allowed queries and table references, in the form of `json_serialize_sql`.

/** A query and the common table expressions in its scope. */
export const query: Rule = (value, visit) => {
  const scope = scopeOf(isObject(value) ? value.cte_map : undefined, visit.nesting.scope);
  visit.check(value, queries, { ...visit.nesting, scope });
};

const table: Rule = (value, visit) => tables(value, visit);

const limit = record("limit", { type: plain, limit: expression, offset: expression });
const modifiers = list(
  variant("clause", "type", {
    ORDER_MODIFIER: orderModifier,
    LIMIT_MODIFIER: limit,
    LIMIT_PERCENT_MODIFIER: limit,
    DISTINCT_MODIFIER: record("distinct", { type: plain, distinct_on_targets: list(expression) }),
  }),
);
const sample = record("sample", {
  sample_size: valueRule,
  is_percentage: plain,
  method: oneOf("System", "Bernoulli", "Reservoir"),
  seed: plain,
});

const materialized = oneOf("CTE_MATERIALIZE_DEFAULT", "CTE_MATERIALIZE_ALWAYS", "CTE_MATERIALIZE_NEVER");
const commonTable = record("common table expression", {
  aliases: list(plain),
  query: subquery,
  materialized,
  key_targets: list(expression),
});

/** Only earlier common table expressions are in the scope of one; itself too when it is recursive, after its first part. */
const commonTables: Rule = (value, visit) => {
  const entries = isObject(value) && Array.isArray(value.map) ? value.map : [];
  commonTableMap(value, visit);
  const { scope } = visit.nesting;
  for (const [index, entry] of entries.entries()) {
    const inner = isObject(entry) ? entry.value : entry;
    visit.check(inner, commonTable, { ...visit.nesting, scope: scope && { ...scope, below: index } });
  }
};
const commonTableMap = record("WITH", { map: list(record("WITH", { key: plain, value: data })) });

/** Fields of every query. */
const common = { type: plain, modifiers, cte_map: commonTables };

const recursive: Rule = (value, visit) => {
  const name = isObject(value) ? fold(value.cte_name) : "";
  const scope = { outer: visit.nesting.scope, names: new Map([[name, 0]]), below: 1 };
  recursiveFields(value, {
    ...visit,
    check: (inner, rule, nesting = visit.nesting) =>
      visit.check(inner, rule, isObject(value) && inner === value.right ? { ...nesting, scope } : nesting),
  });
};

const recursiveFields = record("recursive query", {
  ...common,
  cte_name: plain,
  union_all: plain,
  left: query,
  right: query,
  aliases: list(plain),
  key_targets: list(expression),
});

const queries = variant("query", "type", {
  RECURSIVE_CTE_NODE: recursive,
  SELECT_NODE: record("SELECT", {
    ...common,
    select_list: list(expression),
    from_table: table,
    where_clause: expression,
    group_expressions: list(expression),
    group_sets: data,
    aggregate_handling: oneOf("STANDARD_HANDLING", "NO_AGGREGATES_ALLOWED", "FORCE_AGGREGATES"),
    having: expression,
    sample,
    qualify: expression,
  }),
  SET_OPERATION_NODE: record("set operation", {
    ...common,
    setop_type: oneOf("UNION", "UNION_BY_NAME", "EXCEPT", "INTERSECT"),
    setop_all: plain,
    left: query,
    right: query,
  }),
});

/** Fields of every table reference. */
const named = { type: plain, alias: plain, column_name_alias: list(plain), sample, query_location: plain };

const pivotEntry = record("PIVOT", { values: list(valueRule), star_expr: expression, alias: plain });
const pivotColumn = record("PIVOT", {
  pivot_expressions: list(expression),
  unpivot_names: list(plain),
  entries: list(pivotEntry),
  pivot_enum: absent("a PIVOT over a type is not available: name its values with IN"),
});

const tableCall = record("table function", {
  class: plain,
  type: plain,
  alias: plain,
  query_location: plain,
  function_name: plain,
  schema: plain,
  catalog: plain,
  children: list(expression),
  order_bys: record("table function", { type: plain }),
});

const tables = variant("table reference", "type", {
  BASE_TABLE: checked(
    checkTable,
    record("table", {
      ...named,
      catalog_name: plain,
      schema_name: plain,
      table_name: plain,
      at_clause: absent("AT is not available: a source has one state"),
    }),
  ),
  EMPTY: record("table", named),
  EXPRESSION_LIST: record("VALUES", {
    ...named,
    expected_names: list(plain),
    expected_types: list(typeRule),
    values: list(list(expression)),
  }),
  JOIN: record("join", {
    ...named,
    left: table,
    right: table,
    condition: expression,
    join_type: oneOf("INNER", "LEFT", "RIGHT", "FULL", "OUTER", "SEMI", "ANTI"),
    ref_type: oneOf("REGULAR", "NATURAL", "CROSS", "POSITIONAL", "ASOF"),
    using_columns: list(plain),
  }),
  PIVOT: record("PIVOT", {
    ...named,
    source: table,
    aggregates: list(expression),
    unpivot_names: list(plain),
    pivots: list(pivotColumn),
    groups: list(plain),
    include_nulls: plain,
  }),
  SHOW_REF: record("DESCRIBE", {
    ...named,
    query,
    table_name: absent("SHOW is not available: DESCRIBE and SUMMARIZE take the table or a SELECT"),
    show_type: oneOf("DESCRIBE", "SUMMARY"),
  }),
  SUBQUERY: record("subquery", { ...named, subquery }),
  TABLE_FUNCTION: record("table function", {
    ...named,
    function: checked(checkTableFunction, tableCall),
    with_ordinality: plain,
  }),
});

/** The statements of a text; parseStatement has refused all but one. */
export const statements: Rule = list(
  record("statement", { node: query, named_param_map: parametersNotTaken }),
);
