import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { HttpRule } from "../../gen/google/api/http_pb.ts";
import { HttpBodySchema } from "../../gen/google/api/httpbody_pb.ts";
import type { Rest } from "../../gen/sluice/common/v1/options_pb.ts";
import { fieldOf } from "../codec/fields.ts";
import { findParameter, type Parameter } from "../codec/parameters.ts";
import type { EdgeAccess } from "./access.ts";
import { type Conditional, conditionalOf } from "./conditional.ts";
import { type Formats, formatsOf } from "./formats.ts";
import { parseTemplate, type Template, type Variable } from "./template.ts";
import { createUploadBinding, type UploadBinding } from "./upload-binding.ts";

/** Target of the body: nothing, the whole request message, or one field. */
type BodyBinding =
  | { readonly kind: "none" | "whole" }
  | { readonly kind: "field"; readonly field: DescField };

/** One HTTP binding of a method, with everything that is computed once, at start. */
export type Route = {
  readonly name: string;
  readonly method: DescMethod;
  readonly access: EdgeAccess;
  readonly httpMethod: string;
  readonly template: Template;
  /** In the order of the variables of the template. */
  readonly variables: readonly Parameter[];
  /** Wildcards outside of variables: their segments are decoded, and dropped. */
  readonly unbound: readonly Variable[];
  readonly headers: readonly { readonly name: string; readonly parameter: Parameter }[];
  /** The field that HEAD sets. */
  readonly head: Parameter | undefined;
  readonly body: BodyBinding;
  /** Whether the body is bound to a google.api.HttpBody. */
  readonly rawBody: boolean;
  /** The field that gets the body's JSON as it is, instead of the field that the body is bound to. */
  readonly verbatim: DescField | undefined;
  readonly upload: UploadBinding | undefined;
  readonly response: ResponseBinding;
  /** Media types to choose from; undefined without a choice. */
  readonly formats: Formats | undefined;
  /** Undefined for responses without an entity tag. */
  readonly conditional: Conditional | undefined;
};

/** How the response message becomes an HTTP response. */
export type ResponseBinding = {
  /** Undefined where the contract names none: the dialect has one. */
  readonly status: number | undefined;
  readonly cacheControl: string | undefined;
  /** The field that is the whole body; without one, the message is. */
  readonly field: DescField | undefined;
  /** Whether the body is a google.api.HttpBody. */
  readonly rawBody: boolean;
};

/** Plans one HTTP binding, without the checks of `checkRoute`. */
export function planRoute(
  method: DescMethod,
  access: EdgeAccess,
  rule: HttpRule,
  options: Rest | undefined,
): Route {
  const name = `${method.parent.typeName}.${method.name}`;
  const [httpMethod, text] = patternOf(rule, name);
  const template = parseTemplate(text);
  const body = bodyOf(method.input, rule.body, name);
  const headers = (options?.requestHeaders ?? []).map((header) => ({
    name: header.name,
    parameter: singular(method.input, header.field, name),
  }));
  const response = responseOf(method, rule.responseBody, options, name);
  return {
    name,
    method,
    access,
    httpMethod,
    template,
    variables: template.variables.map(({ path }) => singular(method.input, path, name)),
    unbound: unboundOf(template),
    headers,
    head: options?.headField ? singular(method.input, options.headField, name) : undefined,
    body,
    rawBody:
      body.kind === "field" ? isHttpBodyField(body.field) : body.kind === "whole" && isHttpBody(method.input),
    verbatim: options?.verbatimField ? topField(method.input, options.verbatimField, name) : undefined,
    upload: options?.upload && createUploadBinding(method, options.upload),
    response,
    formats: formatsOf(options && fieldOf(method.input, options.formatField)),
    conditional: conditionalOf({ method, access, httpMethod, headers, response }),
  };
}

function unboundOf({ segments, variables }: Template): Variable[] {
  return segments.flatMap(({ kind }, start) => {
    const isTaken = variables.some(
      (taken) => start >= taken.start && start < (taken.end ?? Number.POSITIVE_INFINITY),
    );
    if (kind === "literal" || isTaken) return [];
    const multi = kind === "rest";
    return [{ path: "path", start, end: multi ? undefined : start + 1, multi }];
  });
}

function patternOf({ pattern }: HttpRule, name: string): [httpMethod: string, template: string] {
  if (pattern.case === undefined) throw new Error(`${name}: its HTTP binding has no path`);
  if (pattern.case === "custom") return [pattern.value.kind, pattern.value.path];
  return [pattern.case.toUpperCase(), pattern.value];
}

function bodyOf(input: DescMessage, body: string, name: string): BodyBinding {
  if (body === "") return { kind: "none" };
  if (body === "*") return { kind: "whole" };
  return { kind: "field", field: topField(input, body, name) };
}

function responseOf(
  method: DescMethod,
  responseBody: string,
  options: Rest | undefined,
  name: string,
): ResponseBinding {
  const field = responseBody === "" ? undefined : topField(method.output, responseBody, name);
  return {
    status: options?.successStatus || undefined,
    cacheControl: options?.cacheControl || undefined,
    field,
    rawBody: field ? isHttpBodyField(field) : isHttpBody(method.output),
  };
}

function topField(desc: DescMessage, fieldName: string, name: string): DescField {
  const field = fieldOf(desc, fieldName);
  if (!field) throw new Error(`${name}: ${desc.typeName} has no field ${fieldName}`);
  return field;
}

function singular(desc: DescMessage, path: string, name: string): Parameter {
  const parameter = findParameter(desc, path);
  if (!parameter || parameter.leaf.fieldKind === "list" || parameter.leaf.fieldKind === "map") {
    throw new Error(`${name}: ${path} is not a field of ${desc.typeName} that one piece of text can set`);
  }
  return parameter;
}

const isHttpBody = ({ typeName }: DescMessage): boolean => typeName === HttpBodySchema.typeName;

const isHttpBodyField = (field: DescField): boolean =>
  field.fieldKind === "message" && isHttpBody(field.message);
