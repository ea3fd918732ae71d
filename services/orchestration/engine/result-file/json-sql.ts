import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { literal } from "../sql-text.ts";
import { cast, floating, jsonScalars, type ToText, textSql } from "./text-sql.ts";

/** SQL for a value as JSON text as the contract defines; undefined for types without a JSON form. */
export function jsonSql(type: DuckDBType, value: string, depth = 0): string | undefined {
  if (jsonScalars.has(type.typeId)) return cast(value);
  switch (type.typeId) {
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return floating('"')(value);
    case DuckDBTypeId.VARCHAR:
      return type.alias === "JSON" ? document(value) : quoted(value);
    case DuckDBTypeId.ENUM:
      return quoted(value);
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return list(type.valueType, value, depth);
    case DuckDBTypeId.MAP:
      return map(type, value, depth);
    case DuckDBTypeId.STRUCT:
      return struct(type, value, depth);
    case DuckDBTypeId.UNION:
      return union(type, value, depth);
    default: {
      const text = textSql(type, value);
      return text && `'"' || ${text} || '"'`;
    }
  }
}

const quoted: ToText = (value) => `to_json(${cast(value)})::VARCHAR`;

/**
 * A JSON document byte for byte, except for line breaks between tokens. DuckDB accepts NaN, infinities and trailing commas as
 * JSON: a text with those outside of its strings stays text.
 */
function document(value: string): string {
  const bare = `regexp_replace(${cast(value)}, '"(\\\\.|[^"\\\\])*"', '', 'g')`;
  const isStrict = `json_valid(${cast(value)}) AND NOT regexp_matches(${bare}, '(?i)nan|inf|,\\s*[}\\]]')`;
  return (
    `CASE WHEN ${isStrict} THEN translate(${cast(value)}, chr(10) || chr(13), '  ') ` +
    `WHEN ${value} IS NOT NULL THEN ${quoted(value)} END`
  );
}

const orNull = (json: string | undefined): string | undefined => json && `coalesce(${json}, 'null')`;

/** Nesting of lists. Each level doubles DuckDB's time to bind the expression. */
export const listDepthMax = 8;

function list(valueType: DuckDBType, value: string, depth: number): string | undefined {
  if (depth >= listDepthMax) return undefined;
  const item = `sluice_item${depth}`;
  const json = orNull(jsonSql(valueType, item, depth + 1));
  return json && `'[' || array_to_string(list_transform(${value}, lambda ${item}: ${json}), ',') || ']'`;
}

function map(type: DuckDBType & { typeId: DuckDBTypeId.MAP }, value: string, depth: number) {
  if (depth >= listDepthMax) return undefined;
  const entry = `sluice_item${depth}`;
  const key = orNull(jsonSql(type.keyType, `${entry}.key`, depth + 1));
  const content = orNull(jsonSql(type.valueType, `${entry}.value`, depth + 1));
  const json = key && content && `'{"key":' || ${key} || ',"value":' || ${content} || '}'`;
  return (
    json &&
    `'[' || array_to_string(list_transform(map_entries(${value}), lambda ${entry}: ${json}), ',') || ']'`
  );
}

/** An object; a list if the fields are unnamed. */
function struct(type: DuckDBType & { typeId: DuckDBTypeId.STRUCT }, value: string, depth: number) {
  const isNamed = type.entryNames.every((name) => name !== "");
  const fields = type.entryTypes.map((entryType, index) => {
    const json = orNull(jsonSql(entryType, `struct_extract_at(${value}, ${index + 1})`, depth));
    const name = isNamed ? `${literal(`${JSON.stringify(type.entryNames[index])}:`)} || ` : "";
    return json && name + json;
  });
  if (fields.some((field) => field === undefined)) return undefined;
  const [open, close] = isNamed ? ["{", "}"] : ["[", "]"];
  return `CASE WHEN ${value} IS NOT NULL THEN '${open}' || ${fields.join(" || ',' || ")} || '${close}' END`;
}

/** An object with the member that is set. */
function union(type: DuckDBType & { typeId: DuckDBTypeId.UNION }, value: string, depth: number) {
  const members = type.memberTypes.map((memberType, index) => {
    const tag = type.memberTags[index] ?? "";
    const json = orNull(jsonSql(memberType, `union_extract(${value}, ${literal(tag)})`, depth));
    const open = literal(`{${JSON.stringify(tag)}:`);
    return json && `WHEN ${literal(tag)} THEN ${open} || ${json} || '}'`;
  });
  if (members.some((member) => member === undefined)) return undefined;
  return `CASE union_tag(${value})::VARCHAR ${members.join(" ")} END`;
}
