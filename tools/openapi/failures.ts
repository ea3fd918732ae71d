import { Code, ConnectError } from "@connectrpc/connect";
import { encodeGoogleError } from "../../edge/dialects/google-error.ts";
import { mediaTypeUnsupported } from "../../edge/errors/http-error.ts";
import type { Contract } from "../../edge/method/description.ts";
import type { Route } from "../../edge/method/route.ts";
import { ErrorReason, ErrorReasonSchema } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { permissionOf } from "./permission.ts";
import type { Schema } from "./schema.ts";
import type { Schemas } from "./schemas.ts";
import { codeStatus, errorStatus, type Style } from "./style.ts";

type ErrorResponse = { readonly description: string; readonly content: unknown };
type Reference = { readonly $ref: string };

const contentOf = ({ errorType }: Style) => ({
  [errorType]: { schema: { $ref: "#/components/schemas/Error" } },
});

/** An error by its HTTP status, with its description. */
type Failure = { readonly status: number; readonly text: string };

/** Errors of the edge and of the guards, which every method can have. */
function usualFailures(style: Style) {
  const ofCode = (code: Code, text: string): Failure => ({ status: codeStatus(style, code), text });
  const ofError = (error: ConnectError, text: string): Failure => ({
    status: errorStatus(style, error),
    text,
  });
  return {
    invalid: ofCode(
      Code.InvalidArgument,
      "The request breaks a rule of the contract; `BadRequest` names the fields.",
    ),
    unauthenticated: ofCode(Code.Unauthenticated, "The credential is missing, unknown, expired or revoked."),
    forbidden: ofCode(Code.PermissionDenied, "The caller's roles lack the permission."),
    tooLarge: ofError(
      failure(Code.ResourceExhausted, ErrorReason.REQUEST_TOO_LARGE, ""),
      "The body is larger than its limit.",
    ),
    mediaType: ofError(mediaTypeUnsupported(""), "The body's media type is not one of these."),
    exhausted: ofCode(
      Code.ResourceExhausted,
      "Too much at once, or too often: `Retry-After` says when to come again.",
    ),
    internal: ofCode(
      Code.Internal,
      "It failed in a way that is not the caller's fault; the log has the request id.",
    ),
    unavailable: ofCode(Code.Unavailable, "A part of the mesh does not answer: try again."),
    deadline: ofCode(Code.DeadlineExceeded, "It took longer than the call's deadline."),
  } satisfies Record<string, Failure>;
}

type UsualName = keyof ReturnType<typeof usualFailures>;

/** Responses that operations refer to, by name. */
export function sharedResponses(style: Style): Record<string, ErrorResponse> {
  const content = contentOf(style);
  const named = Object.entries(usualFailures(style)).map(([name, { text }]) => [
    name,
    { description: text, content },
  ]);
  return { ...Object.fromEntries(named), other: { description: "Any other error.", content } };
}

/** The errors of a route by HTTP status; those in its comment are described first. */
export function failuresOf(
  route: Route,
  contract: Contract,
  style: Style,
): Record<string, ErrorResponse | Reference> {
  const usual = usualFailures(style);
  const stated = statedIn(contract.commentOf(route.method), contract, style);
  const responses: Record<string, ErrorResponse | Reference> = {};
  for (const name of usualFor(route)) {
    responses[usual[name].status] ??= { $ref: `#/components/responses/${name}` };
  }
  for (const status of new Set(stated.map((one) => one.status))) {
    const common = Object.values(usual).find((one) => one.status === status && status in responses);
    const texts = stated.filter((one) => one.status === status).map(({ text }) => text);
    const unique = [...new Set([...texts, ...(common ? [common.text] : [])])];
    responses[status] = { description: unique.join("\n\n"), content: contentOf(style) };
  }
  return { ...responses, default: { $ref: "#/components/responses/other" } };
}

function usualFor({ access, body, rawBody, upload, method }: Route): UsualName[] {
  const takesJson = body.kind !== "none" && !rawBody && !upload;
  return [
    "invalid",
    ...(access === "credential" ? (["unauthenticated"] as const) : []),
    ...(permissionOf(method) === undefined ? [] : (["forbidden"] as const)),
    ...(body.kind === "none" ? [] : (["tooLarge"] as const)),
    ...(takesJson ? (["mediaType"] as const) : []),
    "exhausted",
    "internal",
    "unavailable",
    ...(method.methodKind === "unary" ? (["deadline"] as const) : []),
  ];
}

/** A code with reasons in a comment, as `FailedPrecondition (STATE_CONFLICT)`; or more reasons of the previous code. */
const statement = /\b([A-Z][A-Za-z]+)\b(?: \(([A-Z_, ]+)\))?|\(([A-Z_, ]+)\)/g;

/** The errors that the comment of a method names, by the convention of the contracts. */
function statedIn(comment: string, contract: Contract, style: Style): Failure[] {
  let code: Code | undefined;
  const failures: Failure[] = [];
  for (const [, name, reasons, further] of comment.matchAll(statement)) {
    const named = name === undefined ? undefined : Code[name as keyof typeof Code];
    const known = (reasons ?? further ?? "").split(", ").filter(isReason);
    if (named !== undefined && known.length === 0) {
      failures.push({ status: codeStatus(style, named), text: `\`${labelOf(named)}\`` });
    }
    code = named ?? code;
    if (code === undefined || (name !== undefined && named === undefined)) continue;
    for (const reason of known) failures.push(ofReason(code, reason, contract, style));
  }
  return failures;
}

const labelOf = (code: Code): string =>
  String(encodeGoogleError(new ConnectError("", code)).body.error.status);

const reasonNumbers = new Map(ErrorReasonSchema.values.map(({ localName, number }) => [localName, number]));
const isReason = (name: string): boolean => reasonNumbers.has(name);

function ofReason(code: Code, name: string, { registry, commentOf }: Contract, style: Style): Failure {
  const number = reasonNumbers.get(name) ?? ErrorReason.UNSPECIFIED;
  const value = registry.getEnum(ErrorReasonSchema.typeName)?.value[number];
  const comment = value ? commentOf(value) : "";
  return {
    status: errorStatus(style, failure(code, number as ErrorReason, "")),
    text: `\`${labelOf(code)}\` (\`${name}\`)${comment && `: ${comment}`}`,
  };
}

/** The body of every error. */
export function errorSchema({ registry }: Contract, schemas: Schemas): Schema {
  const names = ["BadRequest", "ErrorInfo", "RequestInfo", "RetryInfo"].map((name) => `google.rpc.${name}`);
  const details = names.map((name) => {
    const desc = registry.getMessage(name);
    if (!desc) throw new Error(`the descriptor set lacks ${name}`);
    const type = { type: "string", const: `type.googleapis.com/${name}` };
    return {
      allOf: [
        { type: "object", properties: { "@type": type }, required: ["@type"] },
        schemas.ofMessage(desc, "detail"),
      ],
    };
  });
  const statuses = Object.values(Code)
    .filter((code) => typeof code === "number")
    .map((code) => encodeGoogleError(new ConnectError("", code)).body.error.status);
  return {
    type: "object",
    description: "google.rpc.Status as JSON.",
    properties: {
      error: {
        type: "object",
        properties: {
          code: { type: "integer", description: "The HTTP status." },
          status: { type: "string", enum: statuses, description: "The name of the gRPC code." },
          message: { type: "string", description: "For people. It may change." },
          details: { type: "array", items: { anyOf: details }, description: "For programs." },
        },
        required: ["code", "status", "message", "details"],
      },
    },
    required: ["error"],
    examples: [{ error: { code: 404, status: "NOT_FOUND", message: "there is no such job", details: [] } }],
  };
}
