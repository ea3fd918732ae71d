import { EngineFailure } from "../engine-failure.ts";
import {
  aggregateByName,
  allowedFunctions,
  allowedTableFunctions,
  refusedFunctions,
  refusedTableFunctions,
  transformByType,
} from "./functions.ts";
import { fold, isObject, type Json, type JsonObject, named, refused } from "./rule.ts";
import { checkJsonTypes } from "./type-rule.ts";
import { collationFunctions } from "./types.ts";

/** Reasons for refusals by function name. */
const reasonsOf = (lists: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(lists).flatMap(([reason, names]) => names.map((name) => [name, reason] as const)));

const reasons = reasonsOf(refusedFunctions);
const tableReasons = reasonsOf(refusedTableFunctions);

/** A call of a scalar, aggregate or window function or of a macro. */
export function checkFunction(call: JsonObject): void {
  const name = fold(call.function_name);
  if (!allowedFunctions.has(name)) throw notAllowed("function", name, reasons);
  checkSchema(call);
  if (aggregateByName.has(name)) checkAggregateName(name, argumentOf(call));
  if (transformByType.has(name)) checkJsonTypes(textOf(name, "types", argumentOf(call)));
}

/** A table function in FROM. */
export function checkTableFunction(call: Json | undefined): void {
  if (!isObject(call) || call.class !== "FUNCTION") throw refused("a table function is called by its name");
  const name = fold(call.function_name);
  if (!allowedTableFunctions.has(name)) throw notAllowed("table function", name, tableReasons);
  checkSchema(call);
  for (const argument of listOf(call.children)) checkParameter(name, argument);
}

function notAllowed(kind: string, name: string, because: ReadonlyMap<string, string>): EngineFailure {
  const reason = collationFunctions.has(name) ? "is what COLLATE stands for" : because.get(name);
  return reason === undefined
    ? new EngineFailure("sqlInvalid", `the ${kind} ${named(name)} does not exist`)
    : refused(`the ${kind} ${name} is not available: it ${reason}`);
}

/** The schema may be the column of a method call, as in `name.upper()`. */
function checkSchema({ schema, catalog }: JsonObject): void {
  const system = [schema, catalog].map(fold).find((name) => /^(pg_catalog|information_schema)$/.test(name));
  if (system !== undefined) throw refused(`the schema ${system} is not available`);
}

/** DuckDB's own schema and catalogues; a call qualified by them is not a method call. */
const ownNames = new Set(["main", "system", "memory", "temp"]);

/** The second argument, which is the first one in a method call. */
function argumentOf(call: JsonObject): JsonObject | undefined {
  const { schema, catalog } = call;
  // A lone catalogue is parsed as a schema.
  const isDuckdbSchema = [schema ?? "main", catalog ?? "system"].every((name) => ownNames.has(fold(name)));
  const argument = listOf(call.children)[isDuckdbSchema ? 1 : 0];
  return isObject(argument) ? argument : undefined;
}

function checkAggregateName(name: string, argument: JsonObject | undefined): void {
  const aggregate = fold(textOf(name, "aggregate function", argument));
  if (!allowedFunctions.has(aggregate)) throw notAllowed("function", aggregate, reasons);
}

/** An argument that must be a literal, because its value is checked before DuckDB sees it. */
function textOf(name: string, what: string, argument: JsonObject | undefined): string {
  const value = argument?.class === "CONSTANT" && isObject(argument.value) ? argument.value.value : undefined;
  if (typeof value !== "string") throw refused(`${name} takes its ${what} as a text in quotes`);
  return value;
}

/** A named parameter is `name = value`, or a value with the name as its alias. */
function checkParameter(name: string, argument: Json): void {
  if (!isObject(argument)) return;
  const { alias, type, left } = argument;
  const assigned = type === "COMPARE_EQUAL" && isObject(left) ? listOf(left.column_names)[0] : undefined;
  const parameter = alias ?? assigned;
  if (parameter !== undefined && !allowedTableFunctions.get(name)?.includes(fold(parameter))) {
    throw refused(`the parameter ${named(parameter)} of the table function ${name} is not available`);
  }
}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
