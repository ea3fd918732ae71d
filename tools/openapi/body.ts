import type { DescField } from "@bufbuild/protobuf";
import { isScalarInJson } from "../../edge/codec/fields.ts";
import type { CommentOf } from "../../edge/method/comments.ts";
import type { Route } from "../../edge/method/route.ts";
import type { UploadBinding } from "../../edge/method/upload-binding.ts";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { exampleRequest, type JsonObject } from "./example.ts";
import { isContentRequired, requiredFields } from "./required.ts";
import type { Schema } from "./schema.ts";
import { isSetByServer, type Schemas } from "./schemas.ts";

/** An OpenAPI request body. */
export type BodyObject = {
  readonly description?: string;
  readonly required: boolean;
  readonly content: Readonly<Record<string, { schema: Schema; example?: unknown; encoding?: unknown }>>;
};

/** Content of any type. */
export const bytesContent = {
  schema: { type: "string", format: "binary", contentMediaType: "application/octet-stream" },
} as const;

/** The request body of a route; undefined without one. */
export function bodyOf(
  route: Route,
  { schemas, commentOf }: { schemas: Schemas; commentOf: CommentOf },
): BodyObject | undefined {
  const { body, rawBody, upload, method } = route;
  if (upload) return uploadBody(upload);
  if (body.kind === "none") return undefined;
  const isStream = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  if (rawBody || (isStream && method.input.typeName === HttpBodySchema.typeName)) {
    return {
      description: "Any bytes. They are passed on with their Content-Type.",
      required: false,
      content: { "*/*": bytesContent },
    };
  }
  const { schema, required } = jsonSchema(route, schemas);
  const example = exampleOf(route, commentOf);
  if (isStream) return linesBody(schema, example);
  return {
    required,
    content: { "application/json": { schema, ...(example !== undefined && { example }) } },
  };
}

/** The message or field that the body is bound to, without the fields that the path sets. */
function jsonSchema(
  { body, method, variables }: Route,
  schemas: Schemas,
): { schema: Schema; required: boolean } {
  if (body.kind === "field") {
    const { field } = body;
    const required = requiredFields(method.input).has(field);
    const inBody = bound(variables, [field]);
    if (field.fieldKind !== "message" || inBody.size === 0 || isScalarInJson(field.message)) {
      const { readOnly: _, ...schema } = schemas.ofField(field, "request");
      return { schema, required };
    }
    return { schema: schemas.ofRest(field.message, inBody), required };
  }
  const without = bound(variables, []);
  const schema =
    without.size > 0 ? schemas.ofRest(method.input, without) : schemas.ofMessage(method.input, "request");
  return { schema, required: isContentRequired(method.input, without) };
}

/** The fields directly below `root` that path variables set. */
function bound(variables: Route["variables"], root: readonly DescField[]): ReadonlySet<DescField> {
  const below = variables
    .filter(({ path }) => path.length === root.length + 1)
    .filter(({ path }) => root.every((field, index) => path[index] === field));
  return new Set(below.map(({ leaf }) => leaf));
}

/** An example that is valid together with the examples of the parameters. */
function exampleOf(route: Route, commentOf: CommentOf): unknown {
  const { body, method, variables } = route;
  const inPath = new Set(variables.map(({ leaf }) => leaf));
  const inBody = (field: DescField) =>
    body.kind !== "field" || field.parent !== method.input || field === body.field;
  const needed = (field: DescField) => requiredFields(field.parent).has(field) || inPath.has(field);
  const json = exampleRequest(
    method.input,
    (field) => needed(field) || (inBody(field) && !isSetByServer(commentOf(field))),
  );
  if (!json) return undefined;
  if (body.kind !== "field") return without(json, bound(variables, []));
  const value = json[body.field.jsonName];
  const fields = bound(variables, [body.field]);
  return fields.size > 0 ? without((value ?? {}) as JsonObject, fields) : value;
}

function without(json: JsonObject, fields: ReadonlySet<DescField>): JsonObject {
  const names = new Set([...fields].map(({ jsonName }) => jsonName));
  return Object.fromEntries(Object.entries(json).filter(([name]) => !names.has(name)));
}

function linesBody(schema: Schema, example: unknown): BodyObject {
  return {
    description: "A stream of messages: one JSON text a line.",
    required: false,
    content: {
      "application/x-ndjson": {
        schema: { type: "string", contentMediaType: "application/json", contentSchema: schema },
        ...(example !== undefined && { example: `${JSON.stringify(example)}\n` }),
      },
    },
  };
}

/**
 * A form with one file, or the file itself. Other fields of the form are described as parameters only: generated forms send
 * every field, and an empty size is invalid.
 */
function uploadBody({ formField, many }: UploadBinding): BodyObject {
  const form = many
    ? `A form whose files are each \`${formField}\``
    : `A form whose file is \`${formField}\``;
  const { schema } = bytesContent;
  return {
    description:
      `${form}, or the bytes of one file alone. A form may have the query's parameters as fields before ` +
      "its file. What is not said is taken from the file's name, its media type and its length, where they are known.",
    required: true,
    content: {
      "multipart/form-data": {
        schema: {
          type: "object",
          properties: { [formField]: many ? { type: "array", items: schema } : schema },
          required: [formField],
        },
      },
      "*/*": bytesContent,
    },
  };
}
