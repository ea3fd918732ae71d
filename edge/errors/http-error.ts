import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";

/** An error whose HTTP status does not follow from its code. */
export type HttpError = ConnectError & {
  readonly http: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
};

// Not a subclass: `instanceof ConnectError` compares names, which a subclass would inherit.
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

export const pathUnknown = () =>
  failure(Code.NotFound, ErrorReason.METHOD_UNKNOWN, "there is nothing at this path");

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

const tooLarge = (message: (max: number) => string) => (max: number) =>
  failure(Code.ResourceExhausted, ErrorReason.REQUEST_TOO_LARGE, message(max), { limit: String(max) });

export const bodyTooLarge = tooLarge((bytesMax) => `the body is larger than ${bytesMax} bytes`);
export const lineTooLarge = tooLarge((bytesMax) => `a line of the body is larger than ${bytesMax} bytes`);
export const messageTooLarge = tooLarge((bytesMax) => `the message is larger than ${bytesMax} bytes`);
export const streamTooLarge = tooLarge((bytesMax) => `the stream is larger than ${bytesMax} bytes`);
export const messagesTooMany = tooLarge((countMax) => `the stream has more than ${countMax} messages`);

export const chunksTooTiny = (countMax: number, bytes: number) =>
  httpError(
    413,
    Code.ResourceExhausted,
    `the body comes in more than ${countMax} pieces of fewer than ${bytes} bytes`,
  );

export const bodyTooSlow = (bytes: number, seconds: number) =>
  httpError(408, Code.DeadlineExceeded, `fewer than ${bytes} bytes of the body came in ${seconds} s`);

/** Longest part of a caller's text in an error message. */
const quotedCharactersMax = 100;

export const typeNotAcceptable = (asked: string, available: readonly string[]) => {
  const short = asked.length > quotedCharactersMax ? `${asked.slice(0, quotedCharactersMax)}…` : asked;
  const types = available.join(", ");
  return failure(
    Code.InvalidArgument,
    ErrorReason.NOT_ACCEPTABLE,
    `${JSON.stringify(short)} is not what this path answers, which is one of ${types}`,
    { available: types },
  );
};

export const encodingNotAcceptable = (available: readonly string[]) =>
  httpError(406, Code.InvalidArgument, `Accept-Encoding: must take one of ${available.join(", ")}`);

export const responsesTooLarge = (bytesMax: number, fate: string) =>
  httpError(
    507,
    Code.ResourceExhausted,
    `the answers of the calls are larger than ${bytesMax} bytes: this call ${fate}`,
  );

export const bodyStalled = (seconds: number) =>
  httpError(408, Code.DeadlineExceeded, `no byte of the body came for ${seconds} s`);
