import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/errors.ts";

/** A refusal that HTTP has a status of its own for. */
export class HttpError extends ConnectError {
  override name = "HttpError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: Code, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message, code);
    this.status = status;
    this.headers = headers;
  }
}

export const pathUnknown = () => new HttpError(404, Code.NotFound, "there is nothing at this path");

export const methodNotAllowed = (allowed: readonly string[]) =>
  new HttpError(405, Code.Unimplemented, `the methods of this path are ${allowed.join(", ")}`, {
    allow: allowed.join(", "),
  });

export const urlTooLong = (bytesMax: number) =>
  new HttpError(414, Code.InvalidArgument, `the URL is longer than ${bytesMax} bytes`);

export const mediaTypeUnsupported = (supported: string) =>
  new HttpError(415, Code.InvalidArgument, `the body must be ${supported}`);

export const bodyTooLarge = (bytesMax: number) =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.REQUEST_TOO_LARGE,
    `the body is larger than ${bytesMax} bytes`,
    {
      limit: String(bytesMax),
    },
  );

export const bodyStalled = (seconds: number) =>
  new HttpError(408, Code.DeadlineExceeded, `no byte of the body came for ${seconds} s`);
