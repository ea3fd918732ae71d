import { Code, ConnectError } from "@connectrpc/connect";
import { DrizzleQueryError } from "drizzle-orm";
import postgres from "postgres";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../rpc/errors.ts";

/** Codes of Node and postgres.js for an unreachable server. */
const connectionCodes = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
]);

/**
 * SQLSTATE of an unavailable server: connection exceptions, shutdown, too many connections. Includes query_canceled: a
 * statement that we did not cancel was hit by the cancellation of its predecessor on the connection.
 */
const unavailableStates = /^(08|57014|57P0|53300)/;
/** Serialization failure and deadlock: the same call may succeed next time. */
const retryStates = /^(40001|40P01)$/;
const diskFullState = "53100";
/** A NUL in text or JSON, which PostgreSQL can't store: it came from a request. */
const nulStates = /^(22021|22P05)$/;

/** The name of the constraint that refused a statement, or undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  const cause = rootCause(error);
  return cause instanceof postgres.PostgresError ? cause.constraint_name : undefined;
}

/** Whether a statement names a table that is not there. */
export const isTableMissing = (error: unknown): boolean => codeOf(error) === "42P01";

/** The caller's error for an operational failure of the database; undefined for a bug. */
export function databaseFailure(error: unknown): ConnectError | undefined {
  const cause = rootCause(error);
  if (cause instanceof ConnectError) return cause;
  const code = codeOf(error);
  const isServerError = cause instanceof postgres.PostgresError;
  if (isServerAway(error)) return databaseAway();
  if (isServerError && retryStates.test(code)) {
    return failure(
      Code.Aborted,
      ErrorReason.STATE_CONFLICT,
      "another call changed the same thing: try again",
    );
  }
  if (isServerError && nulStates.test(code)) {
    return new ConnectError("a text of the request has a NUL, which cannot be stored", Code.InvalidArgument);
  }
  if (isServerError && code === diskFullState) {
    return failure(Code.ResourceExhausted, ErrorReason.DISK_FULL, "no space is left for the database");
  }
  return undefined;
}

export const databaseAway = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, "the database does not answer");

/** Whether a statement's failure closes its connection. */
export function isConnectionEnd(error: unknown): boolean {
  const cause = rootCause(error);
  if (cause instanceof postgres.PostgresError) return /^(FATAL|PANIC)$/.test(cause.severity);
  return connectionCodes.has(codeOf(error));
}

function isServerAway(error: unknown): boolean {
  const cause = rootCause(error);
  if (cause instanceof postgres.PostgresError) return unavailableStates.test(codeOf(error));
  // A missing socket, not any other file.
  const noSocket = codeOf(error) === "ENOENT" && (cause as { syscall?: unknown }).syscall === "connect";
  return noSocket || connectionCodes.has(codeOf(error));
}

function codeOf(error: unknown): string {
  const { code } = Object(rootCause(error)) as { code?: unknown };
  return typeof code === "string" ? code : "";
}

function rootCause(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}
