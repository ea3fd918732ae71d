import { create, type DescField, type DescMessage, equals, type Message } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { parseJson, textOf } from "../../services/lib/rpc/strict-json.ts";
import { decodeJson, mergeJson } from "../codec/decode.ts";
import {
  createParameters,
  findParameter,
  type Parameter,
  type Parameters,
  setParameter,
} from "../codec/parameters.ts";
import { decodePercent, decodeSegments } from "../codec/percent.ts";
import { parseQuery } from "../codec/query.ts";
import { mediaTypeUnsupported } from "../errors/http-error.ts";
import { revisionOfTag } from "../method/conditional.ts";
import type { Route } from "../method/route.ts";
import type { Variable } from "../method/template.ts";

/** The parts of a request outside of its body. */
export type RequestHead = {
  /** Raw segments of the path, without a verb. */
  readonly segments: readonly string[];
  readonly rawQuery: string;
  header(name: string): string | undefined;
  /** Whether the HTTP method is HEAD. Default: false. */
  readonly headOnly?: boolean | undefined;
  /** Whether parameters of the query that the path does not have are ignored. Default: false. */
  readonly ignoresUnknown?: boolean | undefined;
};

/** A whole body. */
export type RequestBody = {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** Whether fields that are unknown are ignored, and a body where the path takes none. */
  readonly ignoresUnknown?: boolean | undefined;
};

/** Binds path, query and headers to fields. */
export function bindHead(route: Route, head: RequestHead): Parameters {
  const parameters = createParameters();
  for (const wildcard of route.unbound) captured(wildcard, head.segments);
  for (const [index, variable] of route.template.variables.entries()) {
    const parameter = route.variables[index];
    if (parameter) setParameter(parameters, parameter, captured(variable, head.segments), "path");
  }
  for (const { name, parameter } of route.headers) {
    const value = headerValue(route, name, head.header(name));
    if (value !== undefined) setParameter(parameters, parameter, value, `the header ${name}`);
  }
  if (route.head && head.headOnly) setParameter(parameters, route.head, "true", "the method HEAD");
  for (const [name, value] of parseQuery(head.rawQuery)) {
    const parameter = head.ignoresUnknown ? ownQueryParameter(route, name) : queryParameter(route, name);
    if (parameter) setParameter(parameters, parameter, value, "query");
  }
  return parameters;
}

/** Decodes the body and merges the parameters of the head into it. */
export function bindBody(route: Route, parameters: Parameters, body: RequestBody | undefined): Message {
  const message = body ? decodeBody(route, body) : create(route.method.input);
  if (parameters.sources.size === 0) return message;
  refuseDifference(route, parameters, message);
  refuseOtherChoice(route, parameters, message);
  mergeJson(route.method.input, message, parameters.tree);
  return message;
}

function captured(variable: Variable, segments: readonly string[]): string {
  const raw = segments.slice(variable.start, variable.end).join("/");
  try {
    return variable.multi ? decodeSegments(raw) : decodePercent(raw);
  } catch (error) {
    throw invalidField(variable.path, (error as Error).message);
  }
}

// Fields have etags without the quotes of HTTP, and none for `*`. The conditions of contents are passed as they are.
function headerValue({ response }: Route, name: string, value: string | undefined): string | undefined {
  if (name !== "if-match" || response.rawBody || value === undefined) return value;
  return value === "*" ? undefined : revisionOfTag(value);
}

function queryParameter(route: Route, name: string): Parameter {
  const { upload, body, method, head, verbatim } = route;
  if (upload) return findParameter(method.input, `${upload.header.name}.${name}`) ?? unknownParameter(name);
  const parameter = findParameter(method.input, name) ?? unknownParameter(name);
  // A GET without a body would not be what its headers say.
  if (parameter.name === head?.name) unknownParameter(name);
  if (body.kind === "whole") throw invalidField(parameter.name, "belongs into the body, not into the query");
  if (body.kind === "field" && [body.field, verbatim].includes(parameter.path[0])) {
    throw invalidField(parameter.name, "belongs into the body, not into the query");
  }
  return parameter;
}

/** The field of a query parameter; undefined if it is none, or if another part of the request sets it. */
function ownQueryParameter(
  { body, method, variables, headers, head, verbatim }: Route,
  name: string,
): Parameter | undefined {
  const parameter = findParameter(method.input, name);
  if (!parameter || body.kind === "whole" || parameter.name === head?.name) return undefined;
  const others = [...variables, ...headers.map((header) => header.parameter)];
  const isOther = others.some((other) => other.name === parameter.name);
  const isInBody = body.kind === "field" && [body.field, verbatim].includes(parameter.path[0]);
  return isOther || isInBody ? undefined : parameter;
}

function unknownParameter(name: string): never {
  throw invalidField(name, "is not a query parameter of this path");
}

function decodeBody(route: Route, { bytes, contentType, ignoresUnknown = false }: RequestBody): Message {
  const { body, rawBody, method, verbatim } = route;
  if (body.kind === "none") {
    if (bytes.byteLength > 0 && !ignoresUnknown)
      throw invalidField("body", "must be empty: this path takes none");
    return create(method.input);
  }
  if (rawBody) return decodeRaw(route, { bytes, contentType });
  // Many clients send neither body nor media type for an empty message.
  if (bytes.byteLength === 0) return create(method.input);
  if (!isJson(contentType)) throw mediaTypeUnsupported("application/json");
  if (verbatim) return withBytes(method.input, verbatim, bytes);
  const json = parseJson(textOf(bytes));
  const whole = body.kind === "field" ? { [body.field.name]: json } : json;
  return decodeJson(method.input, whole, ignoresUnknown);
}

/** Decodes a body that is a google.api.HttpBody. */
export function decodeRaw({ body, method }: Route, { bytes, contentType = "" }: RequestBody): Message {
  const raw = create(HttpBodySchema, { contentType, data: bytes });
  if (body.kind !== "field") return raw;
  const message = reflect(method.input);
  message.set(body.field, reflect(HttpBodySchema, raw));
  return message.message;
}

/** A message with one field: the service parses the JSON, which keeps all its digits. */
function withBytes(input: DescMessage, field: DescField, bytes: Uint8Array): Message {
  const message = reflect(input);
  message.set(field, bytes);
  return message.message;
}

const isJson = (contentType: string | undefined): boolean =>
  contentType === undefined ||
  /^application\/(json|[^;]+\+json)\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType);

/** Rejects a body with another value for a field of the head; the same value is allowed. */
function refuseDifference(route: Route, parameters: Parameters, message: Message): void {
  const bound = [...route.variables, ...route.headers.map(({ parameter }) => parameter)];
  const set = bound.filter(({ name }) => parameters.sources.has(name));
  const inBody = set.filter(({ path }) => valueAt(route.method.input, message, path) !== undefined);
  if (inBody.length === 0) return;
  const fromHead = decodeJson(route.method.input, parameters.tree);
  for (const { name, path } of inBody) {
    const one = valueAt(route.method.input, message, path);
    const other = valueAt(route.method.input, fromHead, path);
    if (!isSame(one, other)) {
      throw invalidField(name, `is another one in the body than in ${parameters.sources.get(name)}`);
    }
  }
}

/** Rejects a body and a head that set different members of a oneof: one would be lost. */
function refuseOtherChoice({ method: { input } }: Route, { sources }: Parameters, message: Message): void {
  for (const [name, source] of sources) {
    let at: unknown = reflect(input, message);
    for (const field of findParameter(input, name)?.path ?? []) {
      if (!isReflectMessage(at)) break;
      const chosen = field.oneof && at.oneofCase(field.oneof);
      if (chosen && chosen !== field) {
        throw invalidField(name, `is set by ${source}, and ${chosen.name} of the same oneof by the body`);
      }
      at = at.isSet(field) ? at.get(field) : undefined;
    }
  }
}

/** The value at a path; undefined where a field on it is not set. */
function valueAt(desc: DescMessage, message: Message, path: Parameter["path"]): unknown {
  let at: unknown = reflect(desc, message);
  for (const field of path) {
    if (!isReflectMessage(at) || !at.isSet(field)) return undefined;
    at = at.get(field);
  }
  return at;
}

function isSame(one: unknown, other: unknown): boolean {
  if (isReflectMessage(one) && isReflectMessage(other)) return equals(one.desc, one.message, other.message);
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  return one === other;
}
