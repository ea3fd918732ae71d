import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import type { JsonValue } from "../../services/lib/rpc/strict-json.ts";
import { fieldOf, isScalarInJson } from "./fields.ts";

/** Deepest path of a parameter, as for JSON. */
const depthMax = 100;

/** A field that text can set: of the path, the query, a header or a form. */
export type Parameter = {
  /** Path of proto names, as `file.file_id` or `labels[env]`. */
  readonly name: string;
  readonly path: readonly DescField[];
  readonly leaf: DescField;
  /** Key of the entry, if the field is a map. */
  readonly key: string | undefined;
};

/** Fields that are set, as proto3 JSON, with the source of each. */
export type Parameters = {
  readonly tree: { [name: string]: JsonValue };
  readonly sources: Map<string, string>;
};

export const createParameters = (): Parameters => ({ tree: {}, sources: new Map() });

/** A copy to which fields can be added. */
export const copyParameters = ({ tree, sources }: Parameters): Parameters => ({
  tree: structuredClone(tree),
  sources: new Map(sources),
});

/** Finds a field by its path of proto or JSON names; undefined if text can't set it. */
export function findParameter(desc: DescMessage, name: string): Parameter | undefined {
  const [, dotted = "", key] = /^([^[\]]+)(?:\[(.*)\])?$/s.exec(name) ?? [];
  // Maps are plain objects, where this name sets the prototype.
  if (key === "__proto__") return undefined;
  const path: DescField[] = [];
  let at: DescMessage | undefined = desc;
  for (const part of dotted.split(".")) {
    const field: DescField | undefined = at && fieldOf(at, part);
    if (!field || path.length === depthMax) return undefined;
    path.push(field);
    at = field.fieldKind === "message" && !isScalarInJson(field.message) ? field.message : undefined;
  }
  const leaf = path.at(-1);
  if (!leaf || !isSettable(leaf) || (leaf.fieldKind === "map") !== (key !== undefined)) return undefined;
  return { name: nameOf(path, key), path, leaf, key };
}

const nameOf = (path: readonly DescField[], key: string | undefined): string =>
  path.map((field) => field.name).join(".") + (key === undefined ? "" : `[${key}]`);

function isSettable(field: DescField): boolean {
  return field.message ? isScalarInJson(field.message) : true;
}

/** Sets a field. One that is not repeated can be set once only, by one source. */
export function setParameter(
  parameters: Parameters,
  parameter: Parameter,
  text: string,
  source: string,
): void {
  const { leaf, name, key } = parameter;
  const before = parameters.sources.get(name);
  if (before !== undefined && (leaf.fieldKind !== "list" || before !== source)) {
    const description = before === source ? `is in the ${source} twice` : `is set by ${before} and ${source}`;
    throw invalidField(name, description);
  }
  parameters.sources.set(name, source);
  const parent = parentOf(parameters.tree, parameter.path);
  const value = toJsonValue(leaf, text, name);
  if (key !== undefined) Object.assign(childOf(parent, leaf.name), { [key]: value });
  else if (leaf.fieldKind === "list")
    parent[leaf.name] = [...((parent[leaf.name] as JsonValue[]) ?? []), value];
  else parent[leaf.name] = value;
}

type JsonObject = { [name: string]: JsonValue };

function parentOf(tree: JsonObject, path: readonly DescField[]): JsonObject {
  return path.slice(0, -1).reduce((parent, field) => childOf(parent, field.name), tree);
}

function childOf(parent: JsonObject, name: string): JsonObject {
  parent[name] ??= {};
  return parent[name] as JsonObject;
}

function toJsonValue(field: DescField, text: string, name: string): JsonValue {
  if (field.enum) return enumValue(text);
  if (field.message?.typeName === "google.protobuf.FieldMask") return text.replace(/_([a-z])/g, camel);
  const scalar =
    field.message && isWrapperDesc(field.message) ? field.message.fields[0]?.scalar : field.scalar;
  if (scalar === ScalarType.BOOL) return booleanValue(text, name);
  // A + that was not percent-encoded was decoded to a space.
  if (scalar === ScalarType.BYTES) return text.replaceAll(" ", "+");
  return text;
}

const camel = (_: string, letter: string): string => letter.toUpperCase();

const enumValue = (text: string): JsonValue => (/^-?\d+$/.test(text) ? Number(text) : text);

function booleanValue(text: string, name: string): JsonValue {
  if (text !== "true" && text !== "false") throw invalidField(name, "must be true or false");
  return text === "true";
}
