import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { isScalarInJson } from "../../edge/codec/fields.ts";
import type { CommentOf } from "../../edge/method/comments.ts";
import type { Route } from "../../edge/method/route.ts";
import { exampleOf } from "./example.ts";
import type { PathPart } from "./path.ts";
import { requiredFields } from "./required.ts";
import { describe, type Schema } from "./schema.ts";
import { isSetByServer, type Schemas } from "./schemas.ts";

/** An OpenAPI parameter. */
export type ParameterObject = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly schema: Schema;
  readonly [more: string]: unknown;
};

/** The parameters of a route: path, query and headers. */
export function parametersOf(
  route: Route,
  parts: readonly PathPart[],
  { schemas, commentOf }: { schemas: Schemas; commentOf: CommentOf },
): ParameterObject[] {
  const inPath = parts.map((part) => pathParameter(route, part, schemas));
  // OpenAPI describes Authorization as a credential.
  const inHeaders = route.headers
    .filter(({ name }) => name !== "authorization")
    .map(({ name, parameter }) => {
      const { description, schema } = parted(schemas.ofField(parameter.leaf, "request"));
      return { name, in: "header", required: false, ...description, schema } as const;
    });
  const inQuery = queryFields(route, commentOf).map((field) => queryParameter(field, schemas));
  return [...inPath, ...inHeaders, ...inQuery];
}

function pathParameter(
  route: Route,
  { name, variable, wildcard }: PathPart,
  schemas: Schemas,
): ParameterObject {
  const index = variable ? route.template.variables.findIndex(({ start }) => start === variable.start) : -1;
  const leaf = route.variables[index]?.leaf;
  const head = { name, in: "path", required: true } as const;
  if (!leaf || !variable) {
    return { ...head, description: "Any one segment.", schema: { type: "string" }, example: "example" };
  }
  if (wildcard > 0) {
    const of = `Part ${wildcard} of \`${leaf.name}\`, whose parts are joined as in the path.`;
    return { ...head, description: of, schema: { type: "string" }, example: "example" };
  }
  const { description, schema } = parted(schemas.ofField(leaf, "request"));
  const many = variable.multi
    ? "May hold slashes, which are sent as they are: `%2F` stays `%2F`."
    : undefined;
  const example = exampleOf(leaf);
  return {
    ...head,
    // The comment can say that the server sets the id; as a parameter, it selects the resource.
    ...describe(description.description?.replace(/ ?Set by the server\./, ""), many),
    schema,
    ...(example !== undefined && { example }),
  };
}

/** A field with its name in the query. */
type QueryField = { readonly name: string; readonly field: DescField; readonly isNeeded: boolean };

/** The fields that neither path nor body nor a header sets. The format is a parameter of its own (`withFormats`). */
function queryFields(route: Route, commentOf: CommentOf): QueryField[] {
  const { body, method, upload, formats, head, verbatim } = route;
  if (body.kind === "whole" && !upload) return [];
  const desc = upload ? upload.header.message : method.input;
  // Fields of an upload are named within its header.
  const bound = [...route.variables, ...route.headers.map(({ parameter }) => parameter)].map(({ path }) =>
    upload ? path.slice(1) : path,
  );
  const taken = new Set(bound.map((path) => path.at(-1)));
  const isTaken = (field: DescField, path: readonly DescField[]) =>
    (body.kind === "field" && path[0] === body.field) || (taken.has(field) && isBound(path));
  const isBound = (path: readonly DescField[]) => bound.some((one) => isSame(one, path));
  return [...fieldsIn(desc, [])]
    .filter((path) => !isTaken(path.at(-1) as DescField, path) && path[0] !== formats?.field)
    .filter((path) => path.at(-1) !== head?.leaf && path[0] !== verbatim)
    .filter((path) => path.every((field) => !isSetByServer(commentOf(field))))
    .map((path) => ({
      name: path.map(({ jsonName }) => jsonName).join("."),
      field: path.at(-1) as DescField,
      isNeeded: path.every((field) => requiredFields(field.parent).has(field)),
    }));
}

const isSame = (one: readonly DescField[], other: readonly DescField[]): boolean =>
  one.length === other.length && one.every((field, index) => field === other[index]);

/** The fields that text can set, at any depth; recursive messages once. */
function* fieldsIn(desc: DescMessage, path: readonly DescField[]): Generator<readonly DescField[]> {
  for (const field of desc.fields) {
    const at = [...path, field];
    if (!field.message || isScalarInJson(field.message)) yield at;
    else if (field.fieldKind === "message" && !path.some(({ message }) => message === field.message)) {
      yield* fieldsIn(field.message, at);
    }
  }
}

function queryParameter({ name, field, isNeeded }: QueryField, schemas: Schemas): ParameterObject {
  const { description, schema } = parted(schemas.ofField(field, "request"));
  const example = isNeeded ? exampleOf(field) : undefined;
  return {
    name,
    in: "query",
    ...(isNeeded && { required: true }),
    ...description,
    ...(field.fieldKind === "map" && { style: "deepObject", explode: true }),
    schema,
    ...(example !== undefined && { example }),
  };
}

/** Moves the description from the schema to the parameter. */
function parted({ description, readOnly: _, ...schema }: Schema): {
  description: { description?: string };
  schema: Schema;
} {
  return { description: describe(description as string | undefined), schema };
}
