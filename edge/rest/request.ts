import { create, type DescMessage, equals, type Message } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { decodeJson, mergeJson } from "../codec/decode.ts";
import { parseJson, textOf } from "../codec/json.ts";
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

/** The parts of a request that set fields outside of its body. */
export type RequestHead = {
  /** The path's raw segments without a verb. */
  readonly segments: readonly string[];
  readonly rawQuery: string;
  header(name: string): string | undefined;
};

/** A request's body, read. */
export type RequestBody = { readonly bytes: Uint8Array; readonly contentType: string | undefined };

/** Binds path, query and headers. */
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
  for (const [name, value] of parseQuery(head.rawQuery)) {
    setParameter(parameters, queryParameter(route, name), value, "query");
  }
  return parameters;
}

/** Adds the body to what the head set, and answers the request message. */
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

// An entity tag is quoted in HTTP and is not in a field; `*` asks for no particular one.
// A content's conditions are HTTP's own, as they are.
function headerValue({ response }: Route, name: string, value: string | undefined): string | undefined {
  if (name !== "if-match" || response.rawBody || value === undefined) return value;
  return value === "*" ? undefined : revisionOfTag(value);
}

function queryParameter(route: Route, name: string): Parameter {
  const { upload, body, method } = route;
  if (upload) return findParameter(method.input, `${upload.header.name}.${name}`) ?? unknownParameter(name);
  const parameter = findParameter(method.input, name) ?? unknownParameter(name);
  if (body.kind === "whole") throw invalidField(parameter.name, "belongs into the body, not into the query");
  if (body.kind === "field" && parameter.path[0] === body.field) {
    throw invalidField(parameter.name, "belongs into the body, not into the query");
  }
  return parameter;
}

function unknownParameter(name: string): never {
  throw invalidField(name, "is not a query parameter of this path");
}

function decodeBody(route: Route, { bytes, contentType }: RequestBody): Message {
  const { body, rawBody, method } = route;
  if (body.kind === "none") {
    if (bytes.byteLength > 0) throw invalidField("body", "must be empty: this path takes none");
    return create(method.input);
  }
  if (rawBody) return decodeRaw(route, { bytes, contentType });
  // Many clients send no body, and no media type with it, where nothing has to be said.
  if (bytes.byteLength === 0) return create(method.input);
  if (!isJson(contentType)) throw mediaTypeUnsupported("application/json");
  const json = parseJson(textOf(bytes));
  return decodeJson(method.input, body.kind === "field" ? { [body.field.name]: json } : json);
}

/** A request whose body is a google.api.HttpBody. */
export function decodeRaw({ body, method }: Route, { bytes, contentType = "" }: RequestBody): Message {
  const raw = create(HttpBodySchema, { contentType, data: bytes });
  if (body.kind !== "field") return raw;
  const message = reflect(method.input);
  message.set(body.field, reflect(HttpBodySchema, raw));
  return message.message;
}

const isJson = (contentType: string | undefined): boolean =>
  contentType === undefined ||
  /^application\/(json|[^;]+\+json)\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType);

/** The path says which resource it is: a body that says something else is refused, one that repeats it is not. */
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

/** A body that sets one member of a oneof is refused where the rest of the request sets another: one would be lost. */
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

/** The value of a field, or undefined where it or a message on the way is not set. */
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
