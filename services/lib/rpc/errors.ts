import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "../../../gen/sluice/common/v1/errors_pb.ts";

/** Domain of Sluice's error reasons in google.rpc.ErrorInfo. */
export const errorDomain = "sluice";

/** Retry delay of UNAVAILABLE, in milliseconds. */
const retryDelayMs = 1000;
/** Maximum number of violations in one error: every element of a list can be invalid. */
export const violationsMax = 32;

/** An error that a caller can act on, with its reason in google.rpc.ErrorInfo. */
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

/** Replaces the error's RetryInfo by this delay, in milliseconds. Returns the same error. */
export function retryAfter(error: ConnectError, delayMs: number): ConnectError {
  error.details = error.details.filter(
    (detail) => !("type" in detail && detail.type === RetryInfoSchema.typeName),
  );
  addDetail(error, RetryInfoSchema, { retryDelay: durationFromMs(delayMs) });
  return error;
}

/** Delay of the error's RetryInfo in milliseconds; undefined without one. */
export function retryDelayOf(error: unknown): number | undefined {
  const info = error instanceof ConnectError ? error.findDetails(RetryInfoSchema)[0] : undefined;
  return info?.retryDelay && durationMs(info.retryDelay);
}

/** INVALID_ARGUMENT for one field. `path` uses the contract's names: `user.email`. */
export function invalidField(path: string, description: string): ConnectError {
  return invalidFields([{ field: path, description }]);
}

/** INVALID_ARGUMENT for several fields; the first `violationsMax` of them. */
export function invalidFields(violations: { field: string; description: string }[]): ConnectError {
  const fieldViolations = violations.slice(0, violationsMax);
  const text = fieldViolations.map(({ field, description }) => `${field}: ${description}`).join("; ");
  const error = new ConnectError(text, Code.InvalidArgument);
  addDetail(error, BadRequestSchema, { fieldViolations });
  return error;
}

/** Adds the invalid field to an error. Returns the same error. */
export function withField(error: ConnectError, field: string, description: string): ConnectError {
  addDetail(error, BadRequestSchema, { fieldViolations: [{ field, description }] });
  return error;
}

/** Whether an error has this reason, thrown here or received from another process. */
export function hasReason(error: unknown, reason: ErrorReason): boolean {
  return (
    error instanceof ConnectError &&
    error.findDetails(ErrorInfoSchema).some((info) => info.reason === reasonName(reason))
  );
}

/** NOT_FOUND: the same text whether the resource does not exist or belongs to another organisation. */
export function notFound(kind: string, id: string): ConnectError {
  return failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, `${kind} ${id} not found`, { [kind]: id });
}

/** ABORTED: the resource was changed since its etag was read. */
export function etagMismatch(kind: string, id: string): ConnectError {
  const message = `${kind} ${id} was changed since its etag was read`;
  return failure(Code.Aborted, ErrorReason.ETAG_MISMATCH, message, { [kind]: id });
}

function reasonName(reason: ErrorReason): string {
  const value = ErrorReasonSchema.value[reason];
  if (!value) throw new Error(`no such error reason: ${reason}`);
  return value.localName;
}

// Details are added encoded, so that the same code reads local and received errors.
function addDetail<D extends DescMessage>(error: ConnectError, schema: D, init: MessageInitShape<D>): void {
  error.details.push({ type: schema.typeName, value: toBinary(schema, create(schema, init)) });
}
