import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { field as rulesOf, type StringRules } from "../../gen/buf/validate/validate_pb.ts";
import { bindingsOf } from "../lib/contracts.ts";
import type { Things } from "./things.ts";

/** Paths of the text fields that name a thing: the variables of the REST path, and ids at the top of the request. */
export function aimsOf(method: DescMethod): string[] {
  const ids = method.input.fields.filter(({ name }) => /_ids?$/.test(name) && name !== "request_id");
  const paths = [...variablesOf(method), ...ids.map(({ name }) => name)];
  const isText = (path: string) => fieldsOn(method.input, path).at(-1)?.scalar === ScalarType.STRING;
  return [...new Set(paths)].filter(isText);
}

/** Paths of the fields that are variables of the REST path. */
export function variablesOf(method: DescMethod): string[] {
  return bindingsOf(method).flatMap(({ pattern }) =>
    [...String(pattern.value).matchAll(/\{([^}=]+)/g)].map(([, path]) => path ?? ""),
  );
}

function fieldsOn(schema: DescMessage, path: string): DescField[] {
  const [name, ...rest] = path.split(".");
  const field = schema.fields.find((each) => each.name === name);
  if (!field) throw new Error(`${schema.typeName} has no ${path}`);
  return field.message && rest.length > 0 ? [field, ...fieldsOn(field.message, rest.join("."))] : [field];
}

/** The key in `Things` of the thing that a field names. */
export function keyOf(method: DescMethod, path: string): string {
  const name = path.split(".").at(-1) ?? "";
  return /_ids?$/.test(name) ? name.replace(/s$/, "") : `${method.parent.typeName}.${name}`;
}

/** A valid request that names these things. */
export function requestOf(method: DescMethod, named: Things): object {
  const request: Record<string, unknown> = filled(method.input);
  for (const path of aimsOf(method)) {
    const [outer, inner] = fieldsOn(method.input, path);
    const thing = named[keyOf(method, path)];
    const value = outer?.fieldKind === "list" ? [thing] : thing;
    request[outer?.localName ?? ""] = inner === undefined ? value : { [inner.localName]: thing };
  }
  return create(method.input, request);
}

/** Sets each field that must not be empty. */
function filled({ fields }: DescMessage): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const field of fields) {
    const { type } = getOption(field, rulesOf);
    if (type.case === "string") request[field.localName] = fitting(type.value);
  }
  return request;
}

/** The first valid value of: the empty text, a word, a hash. */
function fitting({ minLen, pattern }: StringRules): string {
  const fits = (text: string) => text.length >= minLen && new RegExp(pattern).test(text);
  return ["", "x", "0".repeat(64)].find(fits) ?? "";
}
