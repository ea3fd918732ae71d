import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "../../../gen/sluice/common/v1/errors_pb.ts";

/** Who defines the reasons of our failures. */
export const errorDomain = "sluice";

/** How long a caller should wait before it tries an unavailable service again, in milliseconds. */
const retryDelayMs = 1000;
/** Wrong fields that one error names: every element of a list can be wrong. */
export const violationsMax = 32;

/** A failure that a caller can act on: its reason stands in a google.rpc.ErrorInfo. */
export function failure(
  code: Code,
  reason: ErrorReason,
  message: string,
  metadata: Record<string, string> = {},
): ConnectError {
  const error = new ConnectError(message, code);
  addDetail(error, ErrorInfoSchema, { reason: reasonName(reason), domain: errorDomain, metadata });
  return code === Code.Unavailable ? retryAfter(error, retryDelayMs) : error;
}

/** Tells with an error when the call may be tried again, in milliseconds from now, and no other time. Answers the same error. */
export function retryAfter(error: ConnectError, delayMs: number): ConnectError {
  error.details = error.details.filter(
    (detail) => !("type" in detail && detail.type === RetryInfoSchema.typeName),
  );
  addDetail(error, RetryInfoSchema, { retryDelay: durationFromMs(delayMs) });
  return error;
}

/** When a failed call may be tried again, in milliseconds from now; undefined where its error does not say. */
export function retryDelayOf(error: unknown): number | undefined {
  const info = error instanceof ConnectError ? error.findDetails(RetryInfoSchema)[0] : undefined;
  return info?.retryDelay && durationMs(info.retryDelay);
}

/** A field whose value is wrong in any state. `path` is in the contract's words: `user.email`. */
export function invalidField(path: string, description: string): ConnectError {
  return invalidFields([{ field: path, description }]);
}

/** Several wrong fields at once; the first of them if there are very many. */
export function invalidFields(violations: { field: string; description: string }[]): ConnectError {
  const fieldViolations = violations.slice(0, violationsMax);
  const text = fieldViolations.map(({ field, description }) => `${field}: ${description}`).join("; ");
  const error = new ConnectError(text, Code.InvalidArgument);
  addDetail(error, BadRequestSchema, { fieldViolations });
  return error;
}

/** Whether a failure was made with this reason, here or in another process. */
export function hasReason(error: unknown, reason: ErrorReason): boolean {
  return (
    error instanceof ConnectError &&
    error.findDetails(ErrorInfoSchema).some((info) => info.reason === reasonName(reason))
  );
}

/** What did not find its resource; the same whether it does not exist or belongs to another organisation. */
export function notFound(kind: string, id: string): ConnectError {
  return failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, `${kind} ${id} not found`, { [kind]: id });
}

/** The etag that came with an update is not the resource's any more. */
export function etagMismatch(kind: string, id: string): ConnectError {
  const message = `${kind} ${id} was changed since its etag was read`;
  return failure(Code.Aborted, ErrorReason.ETAG_MISMATCH, message, { [kind]: id });
}

function reasonName(reason: ErrorReason): string {
  const value = ErrorReasonSchema.value[reason];
  if (!value) throw new Error(`no such error reason: ${reason}`);
  return value.localName;
}

// A detail is added in its encoded form, so that the same code reads it on either side of the wire.
function addDetail<D extends DescMessage>(error: ConnectError, schema: D, init: MessageInitShape<D>): void {
  error.details.push({ type: schema.typeName, value: toBinary(schema, create(schema, init)) });
}
