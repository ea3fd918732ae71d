import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField, notFound } from "../lib/rpc/errors.ts";

export const fileNotFound = (fileId: string): ConnectError => notFound("file", fileId);

/** The same error for a token that is invalid, has expired, or whose file is gone: it reveals nothing about files. */
export const signedUrlInvalid = (): ConnectError =>
  failure(
    Code.NotFound,
    ErrorReason.RESOURCE_NOT_FOUND,
    "the signed URL is not a valid one, has expired, or its file is gone",
  );

/** The file is deleted with the job or release that owns it, never by itself. */
export const fileNotUpload = (fileId: string, category: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RESOURCE_IN_USE,
    category === "staging"
      ? `file ${fileId} belongs to a staging job`
      : `file ${fileId} belongs to a published release`,
    { file: fileId },
  );

export const headerNotFirst = (): ConnectError =>
  invalidField("header", "must come in the first message, and in no other");

/** The package has to be built again. */
export const releaseCorrupt = (path: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RELEASE_CORRUPT,
    `the staged file for ${path} is not what was approved any more`,
    { path },
  );

export const releaseExists = (releaseId: string): ConnectError =>
  failure(
    Code.AlreadyExists,
    ErrorReason.RESOURCE_EXISTS,
    `release ${releaseId} was published with other files`,
    { release: releaseId },
  );

export const pathTaken = (path: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, `another release has the path ${path}`, { path });

/** `requestedBytes` is the known total of the upload or release. */
export const quotaExceeded = (
  quota: { limitBytes: number; usedBytes: number; reservedBytes: number },
  requestedBytes: number,
): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.QUOTA_EXCEEDED,
    `${requestedBytes} bytes or more are needed; of the quota of ${quota.limitBytes} bytes, ` +
      `${quota.usedBytes} are used and ${quota.reservedBytes} reserved by running uploads`,
    {
      limit_bytes: String(quota.limitBytes),
      used_bytes: String(quota.usedBytes),
      reserved_bytes: String(quota.reservedBytes),
      requested_bytes: String(requestedBytes),
    },
  );

export const contentTooLarge = (limitBytes: number): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_TOO_LARGE,
    `the content is larger than ${limitBytes} bytes, the most that one upload may have`,
    { limit_bytes: String(limitBytes) },
  );

export const sizeMismatch = (announcedBytes: number, receivedBytes: number): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_MISMATCH,
    `header.size_bytes: ${announcedBytes} bytes were announced, ${receivedBytes} have arrived`,
    { announced: String(announcedBytes), received: String(receivedBytes) },
  );

export const hashMismatch = (announced: string, received: string): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_MISMATCH,
    `header.sha256: ${announced} was announced, the content that arrived has ${received}`,
    { announced, received },
  );

export const uploadIdle = (idleMs: number): ConnectError =>
  new ConnectError(`the upload sent nothing for ${idleMs / 1000} s`, Code.DeadlineExceeded);

/** The reservation expired because its heartbeat was missed, as during an outage of the database. */
export const reservationLost = (): ConnectError =>
  failure(
    Code.Unavailable,
    ErrorReason.UPSTREAM_UNAVAILABLE,
    "the upload was interrupted for too long: send it again",
  );

export const diskFull = (): ConnectError =>
  failure(Code.ResourceExhausted, ErrorReason.DISK_FULL, "no space is left on the server's disk");

export const contentCorrupt = (sha256: string): ConnectError =>
  failure(
    Code.DataLoss,
    ErrorReason.CONTENT_CORRUPT,
    `the stored bytes do not have the sha256 ${sha256} any more`,
    { sha256 },
  );

/** The file that orchestration lends was changed after it was hashed. */
export const lentFileChanged = (sha256: string): ConnectError =>
  failure(Code.DataLoss, ErrorReason.CONTENT_MISMATCH, `the lent file does not have the sha256 ${sha256}`, {
    sha256,
  });
