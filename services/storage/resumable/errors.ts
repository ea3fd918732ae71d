import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField, notFound } from "../../lib/rpc/errors.ts";

export const uploadNotFound = (uploadId: string): ConnectError => notFound("upload", uploadId);

export const uploadGone = (uploadId: string): ConnectError =>
  failure(
    Code.NotFound,
    ErrorReason.UPLOAD_GONE,
    `upload ${uploadId} has expired, or its content was refused: start a new one`,
    { upload: uploadId },
  );

export const offsetMismatch = (uploadId: string, offsetBytes: number, givenBytes: number): ConnectError =>
  failure(
    Code.Aborted,
    ErrorReason.UPLOAD_OFFSET_MISMATCH,
    `header.offset_bytes: is ${givenBytes}, upload ${uploadId} continues at ${offsetBytes}`,
    { upload: uploadId, offset_bytes: String(offsetBytes) },
  );

/** The attempt of this call is not the last one any more. */
export const uploadContinued = (uploadId: string): ConnectError =>
  failure(
    Code.Aborted,
    ErrorReason.UPLOAD_OFFSET_MISMATCH,
    `upload ${uploadId} was continued or removed by a later request`,
    { upload: uploadId },
  );

export const checksumMismatch = (algorithm: string): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.UPLOAD_CHECKSUM_MISMATCH,
    `header.checksum: the bytes that arrived have another ${algorithm}`,
    { algorithm },
  );

export const uploadConcatenated = (uploadId: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `upload ${uploadId} is made of others: nothing can be appended`,
    { upload: uploadId, state: "concatenated" },
  );

export const partIncomplete = (uploadId: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `upload ${uploadId} is not complete: its parts can't be concatenated yet`,
    { upload: uploadId, state: "open" },
  );

export const uploadsTooMany = (limit: number): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.UPLOADS_TOO_MANY,
    `the organisation has ${limit} unfinished uploads, the most that it may have: finish or remove some`,
    { limit: String(limit) },
  );

export const lengthFixed = (lengthBytes: number): ConnectError =>
  invalidField("header.length_bytes", `can't be changed: it is ${lengthBytes}`);

export const lengthBelowOffset = (offsetBytes: number): ConnectError =>
  invalidField("header.length_bytes", `is less than the ${offsetBytes} bytes that have arrived`);

export const lengthExceeded = (lengthBytes: number): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_TOO_LARGE,
    `the upload can have ${lengthBytes} bytes: there are more than are missing`,
    { limit_bytes: String(lengthBytes) },
  );
