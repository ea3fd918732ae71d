import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField, notFound } from "../lib/rpc/errors.ts";

export const fileNotFound = (fileId: string): ConnectError => notFound("file", fileId);

/** The same error whatever makes a token unusable: it reveals nothing about files and users. */
export const signedUrlInvalid = (): ConnectError =>
  failure(
    Code.NotFound,
    ErrorReason.RESOURCE_NOT_FOUND,
    "the signed URL is not a valid one, has expired, is used up or revoked, or its file is gone",
  );

export const noFileMatches = (prefix: string): ConnectError =>
  failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, "no file has a folder and name with this prefix", {
    prefix,
  });

/** The file got other content while an archive with it was read. */
export const fileChanged = (fileId: string): ConnectError =>
  failure(Code.Aborted, ErrorReason.ETAG_MISMATCH, `file ${fileId} has changed meanwhile`, { file: fileId });

export const previewUnavailable = (fileId: string, problem: string): ConnectError =>
  failure(Code.FailedPrecondition, ErrorReason.PREVIEW_UNAVAILABLE, `file ${fileId} ${problem}`, {
    file: fileId,
  });

export const offsetBeyondEnd = (sizeBytes: number): ConnectError =>
  failure(
    Code.OutOfRange,
    ErrorReason.RANGE_NOT_SATISFIABLE,
    `offset_bytes: lies outside of the content's ${sizeBytes} bytes`,
    { size_bytes: String(sizeBytes) },
  );

/** Without the figures of the quota: the holder of the URL may be no member of the organisation. */
export const signedUrlOverQuota = (): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.QUOTA_EXCEEDED,
    "the quota of the organisation has no room for this upload",
  );

export const signedUrlNotFound = (urlId: string): ConnectError => notFound("signed URL", urlId);

/** The file is deleted with the job, release or model version that owns it, never by itself. */
export const fileNotUpload = (fileId: string, category: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RESOURCE_IN_USE,
    `file ${fileId} belongs to ${owners[category] ?? "another resource"}`,
    { file: fileId },
  );

export const fileNotInTrash = (fileId: string): ConnectError =>
  failure(Code.FailedPrecondition, ErrorReason.STATE_CONFLICT, `file ${fileId} is not in the trash`, {
    file: fileId,
  });

export const versionNotFound = (version: number): ConnectError => notFound("version", String(version));

export const versionIsCurrent = (fileId: string, version: number): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `version ${version} is the current one of file ${fileId}`,
    { file: fileId, version: String(version) },
  );

const owners: Readonly<Record<string, string>> = {
  staging: "a staging job",
  release: "a published release",
  model: "a model version",
};

/** Only the release of the hold lets it go. */
export const fileHeld = (fileId: string): ConnectError =>
  failure(Code.FailedPrecondition, ErrorReason.FILE_HELD, `file ${fileId} is on hold`, {
    file: fileId,
  });

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

export const contentTooLarge = (limitBytes: number): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_TOO_LARGE,
    `the content is larger than ${limitBytes} bytes, the most that one upload may have`,
    { limit_bytes: String(limitBytes) },
  );

export const typeRefused = (type: string, allowedTypes: readonly string[]): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.UPLOAD_REFUSED,
    `files of the type ${type} are not accepted, only ${allowedTypes.join(", ")}`,
    { type },
  );

export const contentTypeRefused = (
  said: string,
  detected: string,
  allowedTypes: readonly string[],
): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.UPLOAD_REFUSED,
    `the content looks like ${detected}, not like ${said}; only ${allowedTypes.join(", ")} are accepted`,
    { type: said, detected_type: detected },
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

/** `cause` is the error of the file system, if there is one; callers don't see it. */
export function diskFull(cause?: unknown): ConnectError {
  const error = failure(
    Code.ResourceExhausted,
    ErrorReason.DISK_FULL,
    "no space is left on the server's disk",
  );
  error.cause = cause;
  return error;
}

export const tooManyFiles = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "storage has too many files open");

export const scrubNotFound = (scrubId: string): ConnectError => notFound("scrub", scrubId);

export const scrubRunning = (scrubId: string): ConnectError =>
  failure(Code.FailedPrecondition, ErrorReason.SCRUB_RUNNING, `scrub ${scrubId} is running`, {
    scrub: scrubId,
  });

/** The bucket did not answer, or answered with errors only, for all attempts. */
export const objectStoreUnavailable = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "the object store does not answer: try again");

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

export const cacheUnavailable = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "the cache's store does not answer");

export const cacheEntryNotFound = (key: string): ConnectError => notFound("cache entry", key);

export const cacheEntryExists = (key: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, `cache entry ${key} exists`, {
    "cache entry": key,
  });

export const cacheEntryTooLarge = (sizeBytes: number, limitBytes: number): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.CACHE_ENTRY_TOO_LARGE,
    `the entry takes ${sizeBytes} bytes; all entries of the organisation may take ${limitBytes}`,
    { size_bytes: String(sizeBytes), limit_bytes: String(limitBytes) },
  );

export const cacheValueNotInteger = (key: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.CACHE_VALUE_NOT_INTEGER,
    `cache entry ${key} is not an integer of 64 bits, or the sum would not be one`,
    { "cache entry": key },
  );
