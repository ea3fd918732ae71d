import { allowedFunctions, allowedTableFunctions, boundFunctions } from "./functions.ts";
import { fold, isObject, type Json, type JsonObject, named, refused } from "./rule.ts";
import { allowedTypes, collationFunctions } from "./types.ts";

// Binding resolves functions behind macros and collations, casts and table scans, which the text does not show.

/** Plan operators that read only their input. */
const operators = new Set([
  "LOGICAL_AGGREGATE_AND_GROUP_BY",
  "LOGICAL_ANY_JOIN",
  "LOGICAL_ASOF_JOIN",
  "LOGICAL_CHUNK_GET",
  "LOGICAL_COMPARISON_JOIN",
  "LOGICAL_CROSS_PRODUCT",
  "LOGICAL_CTE_REF",
  "LOGICAL_DELIM_GET",
  "LOGICAL_DELIM_JOIN",
  "LOGICAL_DEPENDENT_JOIN",
  "LOGICAL_DISTINCT",
  "LOGICAL_DUMMY_SCAN",
  "LOGICAL_EMPTY_RESULT",
  "LOGICAL_EXCEPT",
  "LOGICAL_EXPRESSION_GET",
  "LOGICAL_FILTER",
  "LOGICAL_GET",
  "LOGICAL_INTERSECT",
  "LOGICAL_JOIN",
  "LOGICAL_LIMIT",
  "LOGICAL_MATERIALIZED_CTE",
  "LOGICAL_ORDER_BY",
  "LOGICAL_PIVOT",
  "LOGICAL_POSITIONAL_JOIN",
  "LOGICAL_PROJECTION",
  "LOGICAL_RECURSIVE_CTE",
  "LOGICAL_SAMPLE",
  "LOGICAL_TOP_N",
  "LOGICAL_UNION",
  "LOGICAL_UNNEST",
  "LOGICAL_WINDOW",
]);

const expressions = new Set([
  "BOUND_AGGREGATE",
  "BOUND_BETWEEN",
  "BOUND_CASE",
  "BOUND_CAST",
  "BOUND_COLUMN_REF",
  "BOUND_COMPARISON",
  "BOUND_CONJUNCTION",
  "BOUND_CONSTANT",
  "BOUND_FUNCTION",
  "BOUND_LAMBDA",
  "BOUND_LAMBDA_REF",
  "BOUND_OPERATOR",
  "BOUND_REF",
  "BOUND_SUBQUERY",
  "BOUND_UNNEST",
  "BOUND_WINDOW",
]);

/** Parameter types in function declarations; they may be placeholders such as ANY. */
const declarations = new Set(["arguments", "original_arguments", "varargs", "input_table_types"]);

/**
 * Refuses a bound statement that uses a function, type or operator outside of the allow-list. The only readable table those
 * with a name in `tables`.
 */
export function checkPlan(plan: Json, tables: ReadonlySet<string>): void {
  const queue: Json[] = [plan];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (isObject(next)) checkNode(next, tables);
    if (next === null || typeof next !== "object") continue;
    for (const [key, inner] of Object.entries(next)) {
      const isData = key === "value" && isObject(next) && "is_null" in next;
      if (!isData && !declarations.has(key)) queue.push(inner);
    }
  }
}

function checkNode(node: JsonObject, tables: ReadonlySet<string>): void {
  const { expression_class: expression, type, id } = node;
  if (expression !== undefined) checkExpression(node, expression);
  else if (typeof type === "string" && type.startsWith("LOGICAL_")) checkOperator(node, type, tables);
  else if (typeof id === "string" && !allowedTypes.has(fold(id))) {
    throw refused(`the type ${named(id)} is not available`);
  }
}

function checkExpression({ name }: JsonObject, expression: Json): void {
  if (!expressions.has(expression as string))
    throw refused(`the expression ${named(expression)} is not available`);
  if (name === undefined) return;
  const folded = fold(name);
  if (allowedFunctions.has(folded) || boundFunctions.has(folded) || collationFunctions.has(folded)) return;
  throw refused(`the function ${named(name)} is not available, by whatever name it is called`);
}

function checkOperator(node: JsonObject, type: string, tables: ReadonlySet<string>): void {
  if (!operators.has(type)) throw refused(`the operator ${named(type)} is not available`);
  if (type !== "LOGICAL_GET" || allowedTableFunctions.has(fold(node.name))) return;
  const scan = isObject(node.function_data) ? node.function_data : {};
  if (node.name === "seq_scan" && tables.has(String(scan.table))) return;
  throw refused(`the table function ${named(node.name)} is not available, by whatever name it is called`);
}
