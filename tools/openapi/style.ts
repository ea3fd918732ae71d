import { create, type DescField, type JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CompatApi } from "../../edge/dialects/compat-api.ts";
import type { Dialect } from "../../edge/dialects/dialect.ts";
import { google } from "../../edge/dialects/google.ts";
import { jsonType } from "../../edge/http/send.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import type { Schema } from "./schema.ts";

/** The parts of a document that do not follow from the contract. */
export type Style = {
  readonly title: string;
  readonly introduction: string;
  readonly securitySchemes: Readonly<Record<string, Schema>>;
  readonly dialect: Dialect;
  /** The body of every error; google.rpc.Status by default. */
  readonly error: Schema | undefined;
  /** Media type of that body. */
  readonly errorType: string;
  /** The schema of a whole body, around that of the message. */
  wrap(body: Schema): Schema;
  /** Whether a field that is not set is null in a response. */
  isNullable(field: DescField): boolean;
};

const introduction = `Everything that can be called from outside, as REST. The same methods, by the names that their operations have
here, are there in Connect, gRPC and gRPC-Web, on the same port; [descriptors.binpb](/descriptors.binpb) describes them.

- A credential is an access token, \`Authorization: Bearer …\`, or an API key, \`x-api-key: …\`.
- JSON is that of proto3. Responses have camelCase names; requests may have those or the contract's own, as \`page_size\`. A field or
  parameter that is not known is refused.
- \`fields=a,b(c)\` in the query chooses fields of any answer that is JSON.
- 64-bit integers are text in answers. Requests may have numbers up to 2^53.
- GET answers HEAD, too. OPTIONS answers which methods a path has.
- An error is a google.rpc.Status as JSON. Its \`ErrorInfo\` has the reason, its \`BadRequest\` the fields, its \`RequestInfo\` the id
  that the answer's \`x-request-id\` has, too.
- \`Grpc-Timeout\` or \`Connect-Timeout-Ms\` set a call's deadline.`;

/** Sluice's own API. */
export const ownStyle: Style = {
  title: "Sluice",
  introduction,
  securitySchemes: {
    accessToken: {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
      description: "An access token, as a login answers it.",
    },
    apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "An API key." },
  },
  dialect: google,
  error: undefined,
  errorType: jsonType,
  wrap: (body) => body,
  isNullable: () => false,
};

/** The style of a compat API, learned from its dialect by examples. */
export function styleOf({ title, dialect }: CompatApi): Style {
  const example = failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, "there is no such thing");
  const { body: sent, contentType } = dialect.encodeError(example);
  // The document is the same whenever it is generated.
  const body = sent.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "2026-01-01T00:00:00.000Z");
  const error = contentType.startsWith(jsonType) ? (JSON.parse(body) as JsonValue) : body;
  return {
    title,
    introduction: `The API of another system, as Sluice serves it. Sluice's own is described by [/docs](/docs).`,
    securitySchemes: Object.fromEntries(dialect.credentialHeaders.map((name) => [name, schemeOf(name)])),
    dialect,
    error: { ...schemaOf(error), examples: [error] },
    // A media type without its parameters.
    errorType: contentType.split(";", 1)[0] ?? contentType,
    wrap: (schema) => (dialect.wrap ? schemaOf(dialect.wrap(marker), schema) : schema),
    isNullable: (field) => {
      const unset = dialect.encodeMessage(field.parent, create(field.parent));
      return (unset as Record<string, JsonValue>)[field.jsonName] === null;
    },
  };
}

/** How a header carries a credential: Authorization has a bearer token, and other headers the bare secret. */
const schemeOf = (name: string): Schema =>
  name === "authorization" ? { type: "http", scheme: "bearer" } : { type: "apiKey", in: "header", name };

/** The HTTP status of an error in the dialect of the API. */
export const errorStatus = ({ dialect }: Style, error: ConnectError): number =>
  dialect.encodeError(error).status;

/** The status of an error of a code alone. */
export const codeStatus = (style: Style, code: Code): number =>
  errorStatus(style, new ConnectError("", code));

const marker = "the body of the message";

/** A schema that an example fits; `body` stands in the place of the marker. */
function schemaOf(example: JsonValue, body: Schema = {}): Schema {
  if (example === marker) return body;
  if (example === null) return {};
  if (Array.isArray(example)) return { type: "array", items: schemaOf(example[0] ?? null, body) };
  if (typeof example !== "object") return { type: typeof example };
  const properties = Object.entries(example).map(([name, value]) => [name, schemaOf(value, body)]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: Object.keys(example),
  };
}
