import type { DescField, DescMessage, JsonValue } from "@bufbuild/protobuf";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { fieldOf, isScalarInJson } from "./fields.ts";

/** Longest text of a selection, in characters, and its deepest nesting. */
const lengthMax = 2_000;
const depthMax = 32;
/** Most fields that an error lists. */
const listedMax = 20;

/** The query parameter for a selection. */
export const selectionName = "fields";

/** Chosen fields of a JSON value, by name, each with those of its own value. */
export type Selection = "all" | Fields;
type Fields = ReadonlyMap<string, Selection>;

/** What a JSON value can have: the fields of a message, any key of a map or of free JSON, or nothing. */
type Shape =
  | { readonly kind: "message"; readonly desc: DescMessage }
  | { readonly kind: "map"; readonly value: Shape }
  | { readonly kind: "open" | "leaf" };

const open: Shape = { kind: "open" };
const leaf: Shape = { kind: "leaf" };
const openTypes = ["Any", "ListValue", "Struct", "Value"].map((name) => `google.protobuf.${name}`);

/** The shape of a response: of a message, or of the one field that is the whole body. */
export const shapeOf = (desc: DescMessage, field: DescField | undefined): Shape =>
  field ? shapeOfField(field) : shapeOfMessage(desc);

function shapeOfMessage(desc: DescMessage): Shape {
  if (openTypes.includes(desc.typeName)) return open;
  return isScalarInJson(desc) ? leaf : { kind: "message", desc };
}

function shapeOfField(field: DescField): Shape {
  const value = field.message ? shapeOfMessage(field.message) : leaf;
  return field.fieldKind === "map" ? { kind: "map", value } : value;
}

/**
 * Parses a selection: `a,b.c`, `a/b`, `a(b,c/d)`. Fields have their names in the contract or in JSON; those of a list are
 * chosen in each element. `*` is everything. Throws InvalidArgument, which names an unknown field.
 */
export function parseSelection(text: string, shape: Shape): Selection {
  if (text.length > lengthMax) throw invalid(`is longer than ${lengthMax} characters`);
  const source = { text, at: 0 };
  const selection = parseFields(source, { shape, path: "", depth: 1 });
  if (source.at < text.length)
    throw invalid(`has ${JSON.stringify(text[source.at])} at position ${source.at + 1}`);
  return selection;
}

type Source = { readonly text: string; at: number };
type Place = { readonly shape: Shape; readonly path: string; readonly depth: number };

function parseFields(source: Source, place: Place): Selection {
  let selection = parseField(source, place);
  while (source.text[source.at] === ",") {
    source.at += 1;
    selection = merge(selection, parseField(source, place));
  }
  return selection;
}

function parseField(source: Source, { shape, path, depth }: Place): Selection {
  if (depth > depthMax) throw invalid(`is nested more than ${depthMax} levels`);
  const name = readName(source);
  const next = source.text[source.at];
  const isLast = next !== "(" && next !== "/" && next !== ".";
  if (name === "*") {
    if (!isLast) throw invalid("has something behind a *");
    return "all";
  }
  const inner = path === "" ? name : `${path}.${name}`;
  const found = childOf(shape, name);
  if (!found) throw unknownField(inner, shape);
  const value = isLast ? "all" : parseInner(source, { shape: found.shape, path: inner, depth: depth + 1 });
  return new Map(found.names.map((one) => [one, value]));
}

function parseInner(source: Source, place: Place): Selection {
  const isGroup = source.text[source.at] === "(";
  source.at += 1;
  if (!isGroup) return parseField(source, place);
  const selection = parseFields(source, place);
  if (source.text[source.at] !== ")") throw invalid("has a ( without its )");
  source.at += 1;
  return selection;
}

function readName(source: Source): string {
  const [name = ""] = /^[^,/.()]*/.exec(source.text.slice(source.at)) ?? [];
  if (name === "") throw invalid(`has no name at position ${source.at + 1}`);
  source.at += name.length;
  return name;
}

/** A field of a message has both of its names: dialects can write either. */
function childOf(shape: Shape, name: string): { names: readonly string[]; shape: Shape } | undefined {
  switch (shape.kind) {
    case "message": {
      const field = fieldOf(shape.desc, name);
      return field && { names: [field.jsonName, field.name], shape: shapeOfField(field) };
    }
    case "map":
      return { names: [name], shape: shape.value };
    case "open":
      return { names: [name], shape };
    default:
      return undefined;
  }
}

function merge(one: Selection, other: Selection): Selection {
  if (one === "all" || other === "all") return "all";
  const merged = new Map(one);
  for (const [name, value] of other) {
    const before = merged.get(name);
    merged.set(name, before === undefined ? value : merge(before, value));
  }
  return merged;
}

const invalid = (problem: string) => invalidField(selectionName, problem);

function unknownField(path: string, shape: Shape) {
  const names = shape.kind === "message" ? shape.desc.fields.map(({ jsonName }) => jsonName) : [];
  const more = names.length > listedMax ? ", …" : "";
  const known =
    names.length === 0
      ? "nothing below it can be chosen"
      : `there are ${names.slice(0, listedMax).join(", ")}${more}`;
  return invalid(`${path} is no field of the response: ${known}`);
}

/** The chosen fields of a JSON value. A field that the value lacks is left out. */
export function selectFields(json: JsonValue, selection: Selection): JsonValue {
  if (selection === "all" || typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => selectFields(item, selection));
  const chosen = Object.entries(json).flatMap(([name, value]) => {
    const inner = selection.get(name);
    return inner === undefined ? [] : [[name, selectFields(value, inner)] as const];
  });
  return Object.fromEntries(chosen);
}
