import { ConnectError } from "@connectrpc/connect";
import {
  executionTooLarge,
  insecureConnection,
  sourceDataInvalid,
  sourceUnreachable,
  sqlInvalid,
  statementRefused,
  tableChanged,
} from "../../../errors.ts";
import { connectTimeoutMs } from "../../network/connect-pinned.ts";
import { tlsProblem } from "../../network/tls-problem.ts";
import type { MysqlSettings } from "../target/settings.ts";
import { serverOf } from "../target/target.ts";
import { EncryptionRefusedError } from "../wire/encrypt.ts";
import { protocolViolation } from "../wire/protocol-violation.ts";
import { ServerError } from "../wire/server-error.ts";

/** Numbers of the server's errors by what they mean here. */
const loginRefused = new Set([1045, 1251, 1275, 1396, 1524, 1698, 1820, 1862, 3118, 4151]);
const noDatabase = new Set([1044, 1049]);
const notPermitted = new Set([1044, 1142, 1143, 1227, 1290, 1370, 1792, 1836, 4161]);
const syntax = 1064;
const interrupted = new Set([1028, 1317, 1969, 3024]);
const givenUp = new Set([1205, 1213, 1020, 1689]);
/** Memory, disk, temporary tables, packets, joins and rows beyond the server's own limits. */
const beyondLimits = new Set([
  3, 1021, 1037, 1038, 1041, 1104, 1114, 1135, 1153, 1301, 1419, 1436, 1637, 3637,
]);
const serverGone = new Set([1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927]);
/** The table, a column or the right to it is gone, or it was altered after the snapshot. */
const changed = new Set([1044, 1049, 1051, 1054, 1109, 1142, 1143, 1146, 1345, 1356, 1412]);

/** Maps a connection error to one for the caller. It reveals nothing of the service. */
export function toConnectionFailure(error: unknown, settings: MysqlSettings, timedOut: boolean): unknown {
  if (error instanceof ConnectError) return error;
  const server = serverOf(settings);
  if (error instanceof EncryptionRefusedError) {
    return insecureConnection(
      `${server} does not encrypt, and the source's settings.sslMode requires it, which is verify-full off this machine by default`,
    );
  }
  const problem = tlsProblem(error);
  if (problem !== undefined) return insecureConnection(`${server} ${problem}`);
  if (error instanceof ServerError) return toServerFailure(error, settings, server);
  if (timedOut) return sourceUnreachable(`${server} does not answer within ${connectTimeoutMs / 1000} s`);
  const code = (error as { code?: unknown }).code;
  // Node's other codes report wrong arguments, as a number out of range.
  if (typeof code !== "string" || /^ERR_(?!SSL|TLS|STREAM)/.test(code)) return notUnderstood(error, server);
  return sourceUnreachable(networkReason(code, server));
}

/** Anything else is an error of the client in parsing a response. Its stack goes to the log. */
const notUnderstood = (error: unknown, server: string): ConnectError =>
  Object.assign(protocolViolation(server, "answers that can't be understood"), { cause: error });

function networkReason(code: string, server: string): string {
  if (code === "ECONNREFUSED") return `${server} refuses the connection`;
  if (/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(code)) return `there is no way to ${server}`;
  if (/^(AUTH_SWITCH|HANDSHAKE)_/.test(code)) return `${server} asks for a login that is not supported`;
  if (code === "ETIMEDOUT") return `${server} does not answer any more`;
  if (/^(PROTOCOL_CONNECTION_LOST|ERR_STREAM_|ECONNRESET$|EPIPE$)/.test(code)) {
    return `${server} closed the connection`;
  }
  return `no connection to ${server} (${code})`;
}

function toServerFailure(
  { errno, message }: ServerError,
  { user, database }: MysqlSettings,
  server: string,
): ConnectError {
  if (loginRefused.has(errno)) {
    return sourceUnreachable(`${server} refuses the login of ${JSON.stringify(user)}`);
  }
  if (noDatabase.has(errno)) {
    return sourceUnreachable(
      `${server} has no database ${JSON.stringify(database)} for ${JSON.stringify(user)}`,
    );
  }
  return sourceUnreachable(`${server} answers: ${message}`);
}

/** Maps an error of the server while it sends rows of a table. Other errors are returned unchanged. */
export function toRowsFailure(error: unknown, table: string): unknown {
  if (!(error instanceof ServerError) || serverGone.has(error.errno)) return error;
  const { errno, message } = error;
  if (changed.has(errno)) return tableChanged(table);
  if (givenUp.has(errno)) return sourceUnreachable(`the source gave the statement up: ${message}`);
  if (interrupted.has(errno)) {
    return executionTooLarge(`the source stopped reading the table ${table}: ${message}`);
  }
  if (beyondLimits.has(errno)) return executionTooLarge(`the source: ${message}`);
  return sourceDataInvalid(`the table ${table} can't be read: ${message}`);
}

/** Maps an error about the caller's statement. Other errors are returned unchanged. */
export function toStatementFailure(error: unknown): unknown {
  if (!(error instanceof ServerError) || serverGone.has(error.errno)) return error;
  const { errno, message } = error;
  if (errno === syntax) return sqlInvalid(message);
  if (notPermitted.has(errno)) return statementRefused(message);
  if (givenUp.has(errno)) return sourceUnreachable(`the source gave the statement up: ${message}`);
  // The server's own timeout, which may be lower than ours. Ours aborts the signal.
  if (interrupted.has(errno)) return executionTooLarge(`the source stopped the statement: ${message}`);
  if (beyondLimits.has(errno)) return executionTooLarge(`the source: ${message}`);
  return sqlInvalid(message);
}

/** Whether the server has stopped a statement because it was told to. */
export const isInterrupted = (error: unknown): boolean =>
  error instanceof ServerError && interrupted.has(error.errno);
