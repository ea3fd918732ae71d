import {
  data,
  fold,
  isObject,
  type Json,
  list,
  named,
  plain,
  type Rule,
  record,
  refused,
  variant,
} from "./rule.ts";
import { allowedCollations, allowedTypes } from "./types.ts";

/** The type of a constant or a cast. */
export const typeRule: Rule = (value, visit) => {
  const id = isObject(value) ? value.id : undefined;
  if (id !== "UNBOUND") checkTypeName(id);
  typeRecord(value, visit);
};

const structType = record("type", {
  type: plain,
  alias: plain,
  child_types: list(record("field of a type", { first: plain, second: typeRule })),
});

/** A constant. Its value contains no names. */
export const valueRule: Rule = record("constant", { type: typeRule, is_null: plain, value: data });

const typeRecord = record("type", {
  id: plain,
  type_info: variant("type", "type", {
    ARRAY_TYPE_INFO: record("type", { type: plain, alias: plain, child_type: typeRule, size: plain }),
    DECIMAL_TYPE_INFO: record("type", { type: plain, alias: plain, width: plain, scale: plain }),
    ENUM_TYPE_INFO: record("type", { type: plain, alias: plain, values_count: plain, values: data }),
    GENERIC_TYPE_INFO: record("type", { type: plain, alias: checkTypeName }),
    LIST_TYPE_INFO: record("type", { type: plain, alias: plain, child_type: typeRule }),
    STRUCT_TYPE_INFO: structType,
    // DuckDB resolves this name when it binds. Only built-in types exist, and none needs a schema.
    UNBOUND_TYPE_INFO: record("type", {
      type: plain,
      name: checkTypeName,
      schema: refuseQualifiedType,
      catalog: refuseQualifiedType,
      user_type_modifiers: list(valueRule),
    }),
  }),
});

function refuseQualifiedType(): void {
  throw refused("types are named without a schema");
}

function checkTypeName(name: Json | undefined): void {
  if (!allowedTypes.has(fold(name))) throw refused(`the type ${named(name)} is not available`);
}

/** Nesting of the types of a JSON transformation: DuckDB's own traversal is unbounded. */
const jsonTypeLevelsMax = 100;

/** Checks the types in the JSON argument of functions that transform JSON: `{"a": "INTEGER", "b": ["VARCHAR"]}`. */
export function checkJsonTypes(text: string): void {
  let level = [parseTypes(text)];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > jsonTypeLevelsMax)
      throw refused(`more than ${jsonTypeLevelsMax} levels of types in one another`);
    level = level.flatMap(innerTypes);
  }
}

function innerTypes(type: Json): Json[] {
  if (type === null || (typeof type !== "object" && typeof type !== "string")) {
    throw refused("the types of a JSON transformation are texts");
  }
  if (typeof type === "object") return Object.values(type);
  checkTypeText(type);
  return [];
}

function parseTypes(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw refused("the types of a JSON transformation are one JSON text");
  }
}

/** A type such as `DECIMAL(10, 2)[]`; nested lists are written as JSON. */
function checkTypeText(text: string): void {
  const [, name] = /^([\w ]+?) ?(?:\( ?\d+ ?(?:, ?\d+ ?)?\))?(?:\[\d*\])?$/.exec(text) ?? [];
  checkTypeName(name ?? text);
}

/** A collation: names joined by dots. */
export const collationRule: Rule = (value) => {
  const unknown = String(value)
    .split(".")
    .find((name) => !allowedCollations.has(fold(name)));
  if (unknown !== undefined) throw refused(`the collation ${named(unknown)} is not available`);
};
