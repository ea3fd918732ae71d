import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/errors.ts";

/** A refusal that HTTP has a status of its own for. */
export type HttpError = ConnectError & {
  readonly http: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
};

// No class of its own: ConnectError decides by name what an instance is, and subclasses inherit that.
/** An error with an HTTP status of its own. */
export function httpError(
  status: number,
  code: Code,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): HttpError {
  return Object.assign(new ConnectError(message, code), { http: { status, headers } });
}

export const isHttpError = (error: unknown): error is HttpError =>
  error instanceof ConnectError && "http" in error;

export const pathUnknown = () => httpError(404, Code.NotFound, "there is nothing at this path");

export const methodNotAllowed = (allowed: readonly string[]) =>
  httpError(405, Code.Unimplemented, `the methods of this path are ${allowed.join(", ")}`, {
    allow: allowed.join(", "),
  });

export const hostInvalid = () =>
  httpError(400, Code.InvalidArgument, "the header Host is missing or not a host");

export const urlTooLong = (bytesMax: number) =>
  httpError(414, Code.InvalidArgument, `the URL is longer than ${bytesMax} bytes`);

export const mediaTypeUnsupported = (supported: string) =>
  httpError(415, Code.InvalidArgument, `the body must be ${supported}`);

const tooLarge = (message: string, limit: number) =>
  failure(Code.ResourceExhausted, ErrorReason.REQUEST_TOO_LARGE, message, { limit: String(limit) });

export const bodyTooLarge = (bytesMax: number) =>
  tooLarge(`the body is larger than ${bytesMax} bytes`, bytesMax);

export const streamTooLarge = (bytesMax: number) =>
  tooLarge(`the stream is larger than ${bytesMax} bytes`, bytesMax);

export const messagesTooMany = (messagesMax: number) =>
  tooLarge(`the stream has more than ${messagesMax} messages`, messagesMax);

export const bodyTooSlow = (bytes: number, seconds: number) =>
  httpError(408, Code.DeadlineExceeded, `fewer than ${bytes} bytes of the body came in ${seconds} s`);

export const encodingUnsupported = (supported: string) =>
  httpError(415, Code.InvalidArgument, `the Content-Encoding of the body must be ${supported}`, {
    "accept-encoding": supported,
  });

export const bodyStalled = (seconds: number) =>
  httpError(408, Code.DeadlineExceeded, `no byte of the body came for ${seconds} s`);
