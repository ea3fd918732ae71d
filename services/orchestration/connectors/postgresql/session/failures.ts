import { ConnectError } from "@connectrpc/connect";
import postgres from "postgres";
import {
  executionTooLarge,
  insecureConnection,
  snapshotGone,
  sourceDataInvalid,
  sourceUnreachable,
  sqlInvalid,
  statementRefused,
  tableChanged,
} from "../../../errors.ts";
import { connectTimeoutMs } from "../../network/connect-pinned.ts";
import { tlsProblem } from "../../network/tls-problem.ts";
import type { PostgresqlSettings } from "../target/settings.ts";
import { serverOf } from "../target/target.ts";
import { EncryptionAnswerError, EncryptionRefusedError } from "../wire/open-socket.ts";
import { protocolViolation } from "../wire/protocol-violation.ts";

/** Maximum length of a server's text in a message. */
const textCharactersMax = 500;

const textOf = ({ message }: postgres.PostgresError): string =>
  message.length > textCharactersMax ? `${message.slice(0, textCharactersMax)}…` : message;

/** Maps a connection error to one for the caller. It reveals nothing of the service. */
export function toConnectionFailure(
  error: unknown,
  settings: PostgresqlSettings,
  timedOut: boolean,
): unknown {
  if (error instanceof ConnectError) return error;
  const server = serverOf(settings);
  const insecure = insecureReason(error);
  if (insecure !== undefined) return insecureConnection(`${server} ${insecure}`);
  if (error instanceof EncryptionAnswerError) {
    return sourceUnreachable(`${server} does not answer as PostgreSQL does when asked to encrypt`);
  }
  if (error instanceof postgres.PostgresError) return toServerFailure(error, settings, server);
  const code = (error as { code?: unknown }).code;
  if (timedOut || code === "CONNECT_TIMEOUT") {
    return sourceUnreachable(`${server} does not answer within ${connectTimeoutMs / 1000} s`);
  }
  // Node's other codes report wrong arguments, as a number out of range.
  if (typeof code !== "string" || /^ERR_(?!SSL|TLS|STREAM)/.test(code)) return notUnderstood(error, server);
  return sourceUnreachable(networkReason(code, server));
}

/** Why the password cannot be sent; completes a sentence about the server. */
const insecureReason = (error: unknown): string | undefined =>
  error instanceof EncryptionRefusedError
    ? "does not encrypt, and the source's settings.sslMode requires it, which is verify-full off this machine by default"
    : tlsProblem(error);

/** Anything else is an error of the client in parsing a response. Its stack goes to the log. */
const notUnderstood = (error: unknown, server: string): ConnectError =>
  Object.assign(protocolViolation(server, "answers that can't be understood"), { cause: error });

function networkReason(code: string, server: string): string {
  if (code === "ECONNREFUSED") return `${server} refuses the connection`;
  if (/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(code)) return `there is no way to ${server}`;
  if (/^(SASL|AUTH_TYPE)/.test(code)) return `${server} asks for a login that is not supported`;
  if (code === "ETIMEDOUT") return `${server} does not answer any more`;
  if (/^(CONNECTION_|ERR_STREAM_|ECONNRESET$|EPIPE$)/.test(code)) return `${server} closed the connection`;
  return `no connection to ${server} (${code})`;
}

function toServerFailure(
  error: postgres.PostgresError,
  { user, database }: PostgresqlSettings,
  server: string,
): ConnectError {
  const { code } = error;
  if (/^28/.test(code)) return sourceUnreachable(`${server} refuses the login of ${JSON.stringify(user)}`);
  if (code === "3D000") return sourceUnreachable(`${server} has no database ${JSON.stringify(database)}`);
  return sourceUnreachable(`${server} answers: ${textOf(error)}`);
}

/** Maps an error of the server while it sends rows of a table. Other errors are returned unchanged. */
export function toRowsFailure(error: unknown, table: string): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const { code } = error;
  const message = textOf(error);
  // The table, a column or the right to it is gone.
  if (/^(42P01|42703|42501|3F000)$/.test(code)) return tableChanged(table);
  if (/^(08|57P|58)/.test(code)) return error;
  if (isAborted(code)) return transactionAborted(message);
  // Only sessions that import a snapshot have a lock timeout.
  if (code === "55P03") return snapshotGone();
  if (code === "57014") return executionTooLarge(`the source stopped reading the table ${table}: ${message}`);
  if (/^(53|54)/.test(code)) return executionTooLarge(`the source: ${message}`);
  return sourceDataInvalid(`the table ${table} can't be read: ${message}`);
}

/** A hot standby cancels transactions that block its replay. A retry may succeed. */
const isAborted = (code: string): boolean => /^40/.test(code);
const transactionAborted = (message: string) =>
  sourceUnreachable(`the source gave the statement up: ${message}`);

/** Maps the error for a snapshot that the server no longer has. Other errors are returned unchanged. */
export function toSnapshotFailure(error: unknown): unknown {
  const isGone = error instanceof postgres.PostgresError && /^(22023|42704|55000)$/.test(error.code);
  return isGone ? snapshotGone() : error;
}

/** Keywords that start statements other than queries. */
const otherStatement =
  /^(alter|analyze|begin|call|checkpoint|cluster|comment|commit|copy|create|deallocate|declare|delete|discard|do|drop|end|execute|explain|fetch|grant|import|insert|listen|load|lock|merge|move|notify|prepare|reassign|refresh|reindex|release|reset|revoke|rollback|savepoint|security|set|show|start|truncate|unlisten|update|vacuum)\b/i;
const onlyReading = "only statements that read are taken: SELECT, WITH, VALUES, TABLE";

/** Maps an error about the caller's statement. `offset` is the length of our prefix. Other errors are returned unchanged. */
export function toStatementFailure(error: unknown, sql: string, offset: number): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const { code, position } = error;
  const message = textOf(error);
  const at = position === undefined ? undefined : Number(position) - offset;
  if (message.startsWith("cannot insert multiple commands"))
    return statementRefused("one statement at a time, please");
  if (code === "08P01") return sqlInvalid("parameters are not taken: write the values into the statement");
  if (code === "42601" && at !== undefined && otherStatement.test([...sql].slice(at - 1).join(""))) {
    return statementRefused(onlyReading);
  }
  if (/modifying statements|SELECT \.\.\. INTO/.test(message)) return statementRefused(onlyReading);
  // Classes: invalid transaction state, as in a read-only one; insufficient privilege.
  if (/^(25|42501$)/.test(code)) return statementRefused(message);
  if (/^(08|57P|58)/.test(code)) return error;
  if (isAborted(code)) return transactionAborted(message);
  // The server's own timeout, which may be lower than ours. Ours aborts the signal.
  if (code === "57014") return executionTooLarge(`the source stopped the statement: ${message}`);
  if (/^(53|54)/.test(code)) return executionTooLarge(`the source: ${message}`);
  if (/^XX/.test(code)) return sourceDataInvalid(`the source: ${message}`);
  return sqlInvalid(at !== undefined && at > 0 ? `${message} at character ${at}` : message);
}
