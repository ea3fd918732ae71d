import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidFields, notFound, retryAfter } from "../lib/rpc/errors.ts";
import type { Preemption, Refusal } from "./scheduling/waiter.ts";
import { formatTime, type TimeLimit } from "./timing/time-limit.ts";

export const connectorNotFound = (name: string) => notFound("connector", name);
export const sourceNotFound = (sourceId: string) => notFound("source", sourceId);
export const tableNotFound = (tableId: string) => notFound("table", tableId);
export const executionNotFound = (executionId: string) => notFound("execution", executionId);
export const crashNotFound = (crashId: string) => notFound("crash", crashId);
export const eventNotFound = (eventId: string) => notFound("event", eventId);
export const entityNotFound = (entityId: string) => notFound("entity", entityId);

export const sourceExists = (displayName: string) =>
  failure(
    Code.AlreadyExists,
    ErrorReason.RESOURCE_EXISTS,
    `a source with the display name ${JSON.stringify(displayName)} exists`,
    { displayName },
  );

export const invalidSetting = (field: string, description: string) =>
  settingsInvalid([{ field, description }]);

/** Each wrong setting by its path in the request. */
export function settingsInvalid(violations: { field: string; description: string }[]): ConnectError {
  const fields = invalidFields(violations);
  const error = failure(Code.InvalidArgument, ErrorReason.SETTINGS_INVALID, fields.rawMessage);
  error.details.push(...fields.details);
  return error;
}

/** The source's settings changed while its tables were read. */
export const sourceChanged = (sourceId: string) =>
  failure(
    Code.Aborted,
    ErrorReason.STATE_CONFLICT,
    `source ${sourceId} was changed while its tables were read: try again`,
    { source: sourceId },
  );

/** Other discoveries of the source kept changing its tables in the catalog. */
export const discoveryOverlapped = (sourceId: string) =>
  failure(
    Code.Aborted,
    ErrorReason.STATE_CONFLICT,
    `the tables of source ${sourceId} were changed by other discoveries while they were read: try again`,
    { source: sourceId },
  );

/** A table of the source differs from its entry in the catalog. */
export const tableChanged = (table: string) =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.SOURCE_CHANGED,
    `the table ${table} is no longer as the catalog has it: discover the source again`,
    { table },
  );

export const snapshotGone = () =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.SNAPSHOT_GONE,
    "the snapshot is gone: plan the chunks again, and start over",
  );

export const tooManySnapshots = (snapshotsMax: number) =>
  failure(
    Code.Unavailable,
    ErrorReason.SERVICE_BUSY,
    `${snapshotsMax} snapshots are open, more are not taken at the same time: try again`,
  );

export const tooManySources = (sourcesMax: number) =>
  failure(
    Code.Unavailable,
    ErrorReason.SERVICE_BUSY,
    `${sourcesMax} sources are in use, more are not taken at the same time: try again`,
  );

export const addressRefused = (message: string) =>
  failure(Code.FailedPrecondition, ErrorReason.ADDRESS_REFUSED, message);

/** Says the same for whatever is wrong with the path. */
export const sourcePathRefused = (folder: string, path: string) =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.SOURCE_PATH_REFUSED,
    `the folder ${JSON.stringify(folder)} is not allowed, or has no file ${JSON.stringify(path)} that can be read`,
    { folder, path },
  );

export const sourceUnreachable = (message: string) =>
  failure(Code.Unavailable, ErrorReason.SOURCE_UNREACHABLE, message);

export const sourceDataInvalid = (message: string) =>
  failure(Code.FailedPrecondition, ErrorReason.SOURCE_DATA_INVALID, message);

export function secretNotFound(
  name: string,
  { connector, host, port }: { connector: string; host: string; port: number },
): ConnectError {
  const path = `/api/v1/secrets/${encodeURIComponent(name)}`;
  return failure(
    Code.FailedPrecondition,
    ErrorReason.SECRET_NOT_FOUND,
    `secret ${JSON.stringify(name)} does not exist: PUT ${path}, with ${connector} at ${host} port ${port} among its ` +
      "destinations",
    { secret: name },
  );
}

export const insecureConnection = (message: string) =>
  failure(Code.FailedPrecondition, ErrorReason.INSECURE_CONNECTION, message);

export const insecureLoginNotYours = () =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    "permission sources.insecure is required to set allowInsecureLogin, or to change where such a source logs in",
    { permission: "sources.insecure" },
  );

export const secretsNotYours = () =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    "permission secrets.read is required in the whole organisation to name a secret in a source",
    { permission: "secrets.read" },
  );

export const sqlInvalid = (message: string) =>
  failure(Code.InvalidArgument, ErrorReason.SQL_INVALID, message);

export const statementRefused = (message: string) =>
  failure(Code.InvalidArgument, ErrorReason.STATEMENT_REFUSED, message);

const limitTexts: Readonly<Record<TimeLimit["setBy"], string>> = {
  caller: "the caller allows",
  request: "`timeout` allows",
  default: "it gets without a `timeout`",
  server: "the server allows",
};

/** Shorter waits are left out of the message, in milliseconds. */
const reportedWaitMinMs = 100;

/** `subject` reached a time limit. `waitedMs` is undefined if it never got a permit. */
export function timedOut(
  subject: string,
  { ms, setBy }: TimeLimit,
  waitedMs: number | undefined,
): ConnectError {
  const limit = `the ${formatTime(ms)} that ${limitTexts[setBy]}`;
  const waited =
    (waitedMs ?? 0) >= reportedWaitMinMs ? `, ${formatTime(waitedMs ?? 0)} of it in the queue` : "";
  const text =
    waitedMs === undefined
      ? `${subject} was still in the queue after ${limit}`
      : `${subject} ran longer than ${limit}${waited}`;
  return failure(Code.DeadlineExceeded, ErrorReason.EXECUTION_LIMIT, text);
}

export const callDeadlinePassed = (ms: number) =>
  failure(
    Code.DeadlineExceeded,
    ErrorReason.DEADLINE_PASSED,
    `the caller's own deadline of ${formatTime(ms)} passed`,
  );

// No caller receives these two; the execution's row keeps their message.
export const callerGone = () => new ConnectError("the caller went away", Code.Canceled);
export const serverStopped = () => new ConnectError("the server stopped while it ran", Code.Canceled);

/** Message of an execution that a user cancelled: in its row and in the caller's error. */
export const cancelledBy = (userId: string) => `cancelled by user ${userId}`;

/** The execution was cancelled, and its row is final. `message` is the row's. */
export const executionCancelled = (message: string) =>
  failure(Code.Canceled, ErrorReason.EXECUTION_CANCELLED, message);

export const executionPreempted = ({ ranMs, share, of, retryDelayMs }: Preemption) =>
  retryAfter(
    failure(
      Code.Aborted,
      ErrorReason.EXECUTION_PREEMPTED,
      `ended to make room for others: it ran longest (${formatTime(ranMs)}) beyond its ` +
        `${of === "user" ? "user" : "organisation"}'s share of ${share}; try again`,
    ),
    retryDelayMs,
  );

/** A name of a statement over the catalog. `suggestions` are names that the caller may use. */
export function tableNameInvalid(
  name: string,
  problem: string,
  suggestions: readonly string[],
): ConnectError {
  const names = suggestions.toSorted().join(", ");
  return failure(
    Code.InvalidArgument,
    ErrorReason.TABLE_NAME_INVALID,
    `the table ${name} ${problem}${names && `: did you mean ${names}`}`,
    { table: name, ...(names !== "" && { suggestions: names }) },
  );
}

/** The rows that a statement moves are too many; `table` is that of the last ones. */
export const transferTooLarge = (table: string, limit: string) =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.TRANSFER_LIMIT,
    `the rows that the statement moves from its sources, at last those of ${table}, take more than the ${limit} that a ` +
      "statement may move: select fewer columns, or add conditions that the source evaluates",
    { table, limit },
  );

/** An execution exceeded its limit of memory, disk space or bytes. */
export const executionTooLarge = (message: string) =>
  failure(Code.ResourceExhausted, ErrorReason.EXECUTION_LIMIT, message);

/** The memory limit of one execution, or of all together, was exceeded. */
export const memoryExceeded = (message: string) =>
  failure(Code.ResourceExhausted, ErrorReason.MEMORY_LIMIT, message);

/** The engine's process crashed. The file or the statement may be the cause, or neither. */
export const engineCrashed = (message: string) =>
  failure(Code.Unavailable, ErrorReason.ENGINE_CRASHED, message);

/** `subject` crashed the engine repeatedly. */
export const quarantined = (subject: string, crashId: string) =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.QUARANTINED,
    `${subject} crashed the engine twice and is refused: release it by POST /api/v1/crashes/${crashId}:release`,
    { crash: crashId },
  );

const queueTexts = { user: "of this user", org: "of this organisation", all: "in all" } as const;

/** A request for a permit was refused. */
export function serviceBusy({ cause, retryDelayMs }: Refusal): ConnectError {
  const text =
    cause.of === "time"
      ? `nothing came free in the ${formatTime(cause.maxMs)} that a request waits at most`
      : `${cause.max} requests ${queueTexts[cause.of]} wait already, more are not taken`;
  const message = `${text}: try again in ${formatTime(retryDelayMs)}`;
  return retryAfter(failure(Code.Unavailable, ErrorReason.SERVICE_BUSY, message), retryDelayMs);
}

/** The bytes received from storage do not have the announced hash or size. */
export const contentCorrupt = () =>
  failure(Code.DataLoss, ErrorReason.CONTENT_CORRUPT, "the file's bytes arrived damaged from storage");

export const diskFull = () =>
  failure(Code.ResourceExhausted, ErrorReason.DISK_FULL, "no space is left for the files that sources read");

/** Every prepared file is in use, and the new one does not fit beside them. */
export const preparedFilesFull = (bytesMax: number) =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.DISK_FULL,
    `the files that are prepared for their readers take the ${Math.floor(bytesMax / 1024 ** 2)} MiB that they may: ` +
      "try again when others are done, or have PREPARED_CACHE_MIB raised",
  );

export const eventTooLarge = (bytesMax: number) =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.REQUEST_TOO_LARGE,
    `the event is larger than ${bytesMax / 1024 ** 2} MiB`,
  );
