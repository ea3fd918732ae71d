import type { Duplex, Writable } from "node:stream";
import type postgres from "postgres";
import { copyLineBytesMax } from "../../../engine/database/file-reader.ts";
import { sourceDataInvalid, sourceUnreachable } from "../../../errors.ts";
import type { Limit } from "../../../timing/limit.ts";
import { connectTimeoutMs, type Route } from "../../network/connect-pinned.ts";
import { refuseOwnDatabase } from "../target/own-database.ts";
import { serverOf, type Target } from "../target/target.ts";
import { type Backend, type Connection, openConnection } from "../wire/open-connection.ts";
import { type OpenSocket, openSocket } from "../wire/open-socket.ts";
import { copyOut } from "./copy-out.ts";
import { toConnectionFailure, toSnapshotFailure } from "./failures.ts";
import type { SessionPool } from "./session-pool.ts";

/** Margin of the server's statement timeout over ours. It applies if this process dies before it can cancel. */
const serverGraceMs = 5000;
/** How long a server may take to cancel a statement before the connection is cut, in milliseconds. */
const cancelGraceMs = 1000;
/** Timeout from the connection to the start of a session's work, in milliseconds. */
const prepareTimeoutMs = 20_000;
/** Timeout to begin on a pooled connection before a new one is opened, in milliseconds. */
const warmTimeoutMs = 3000;
/**
 * Lock timeout of a session that imports a snapshot, in milliseconds. The exporting session holds the same lock, so the
 * blocker waits to alter the table until the snapshot ends.
 */
const lockMsMax = 5000;

/** Runs one statement in the session's transaction. The server refuses several statements in one text. */
export type Execute = (
  text: string,
  values?: readonly (string | null)[],
) => postgres.PendingQuery<postgres.Row[]>;

export type Session = {
  /**
   * Runs a COPY … TO STDOUT and writes its data to `sink`. No other statement may run during it. Returns the number of rows
   * that the server reports, if it does.
   */
  copyOut(statement: string, sink: Writable): Promise<number | undefined>;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
};

export type SessionOptions = {
  /** Name of a snapshot that another session has exported. */
  readonly snapshot?: string;
  /** Pool of connections. Default: a connection is opened and closed. */
  readonly pool?: SessionPool;
};

/**
 * Runs `work` in one read-only transaction on a connection to the source. When the signal aborts, the running statement is
 * cancelled in the source.
 */
export async function withSession<T>(
  target: Target,
  limit: Limit,
  work: (execute: Execute, session: Session) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const { signal } = limit;
  const connecting = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]);
  let connection: Connection | undefined;
  let isDone = false;
  try {
    connection = await beginWarm(target, limit, options.pool);
    connection ??= await openConnection(target, connecting);
    if (!connection.isWarm) await begin(connection, target, limit, options);
    const result = await workOn(connection, target, signal, work);
    isDone = !signal.aborted;
    return result;
  } catch (error) {
    signal.throwIfAborted();
    if (connection?.guarded.violation) throw connection.guarded.violation;
    throw toConnectionFailure(error, target.settings, connecting.aborted && !connection);
  } finally {
    // A failed transaction ends with its connection.
    if (connection && isDone && options.pool) options.pool.giveBack(connection, target);
    else await connection?.[Symbol.asyncDispose]();
  }
}

/** Begins on a pooled connection. A dead one is discarded; no statement of the work was sent on it. */
async function beginWarm(
  target: Target,
  limit: Limit,
  pool: SessionPool | undefined,
): Promise<Connection | undefined> {
  for (let warm = await pool?.take(target); warm; warm = await pool?.take(target)) {
    try {
      await begin(warm, target, limit, {});
      return warm;
    } catch {
      await warm[Symbol.asyncDispose]();
      limit.signal.throwIfAborted();
    }
  }
  return undefined;
}

async function begin(
  connection: Connection,
  target: Target,
  { signal, timeoutMs }: Limit,
  { snapshot }: SessionOptions,
): Promise<void> {
  const waitMs = connection.isWarm ? warmTimeoutMs : prepareTimeoutMs;
  using _late = cutOffLate(connection.guarded.socket, serverOf(target.settings), waitMs);
  using _cancel = cancelOnAbort(signal, connection, target.route);
  if (!connection.isWarm) await refuseOwnDatabase(connection.sql, target.ownDatabase);
  await beginReading(executeOver(connection), timeoutMs, snapshot);
}

async function workOn<T>(
  connection: Connection,
  { route }: Target,
  signal: AbortSignal,
  work: (execute: Execute, session: Session) => Promise<T>,
): Promise<T> {
  const { rules, guarded, opened } = connection;
  using _cancel = cancelOnAbort(signal, connection, route);
  return await work(executeOver(connection), {
    copyOut(statement, sink) {
      rules.allowCopy(copyLineBytesMax);
      return copyOut(guarded.socket, statement, sink);
    },
    closed: closedSignal(opened),
  });
}

const executeOver =
  ({ sql }: Connection): Execute =>
  (text, values = []) =>
    sql.unsafe(text, [...values], extendedProtocol);

/** Without values the client would use the simple protocol, which runs several statements. */
const extendedProtocol = { simple: false } as postgres.UnsafeQueryOptions;

/** Cuts off a server that is not ready in time, independent of the time limit of the work. */
function cutOffLate(socket: Duplex, server: string, waitMs: number): Disposable {
  const late = () => socket.destroy(sourceUnreachable(`${server} does not answer within ${waitMs / 1000} s`));
  const timer = setTimeout(late, waitMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Closing the connection ends the transaction. The `begin` of postgres.js ends the process if the connection breaks. */
async function beginReading(
  execute: Execute,
  timeoutMs: number,
  snapshot: string | undefined,
): Promise<void> {
  await execute("begin isolation level repeatable read read only");
  if (snapshot !== undefined) await importSnapshot(execute, snapshot);
  const lockMs = snapshot === undefined ? 0 : lockMsMax;
  await execute(settingsOfSession, [String(timeoutMs + serverGraceMs), String(lockMs)]);
}

/** Output formats of values, the statement timeout, and no notices. */
const settingsOfSession = `select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
  set_config('TimeZone', 'UTC', true),
  set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true),
  set_config('client_min_messages', 'error', true)`;

/** The statement takes no parameters. The name of a snapshot has hexadecimal digits and hyphens only. */
async function importSnapshot(execute: Execute, snapshot: string): Promise<void> {
  if (!/^[0-9A-Fa-f-]+$/.test(snapshot))
    throw sourceDataInvalid("the server calls its snapshot by an odd name");
  try {
    await execute(`set transaction snapshot '${snapshot}'`);
  } catch (error) {
    throw toSnapshotFailure(error);
  }
}

function closedSignal({ raw }: OpenSocket): AbortSignal {
  const closed = new AbortController();
  if (raw.destroyed) closed.abort();
  else raw.once("close", () => closed.abort());
  return closed.signal;
}

function cancelOnAbort(signal: AbortSignal, { opened, backend }: Connection, route: Route): Disposable {
  const { raw } = opened;
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    timer = setTimeout(() => raw.destroy(), cancelGraceMs);
    // A cancellation that fails is followed by the cut at once.
    sendCancel(route, opened, backend).catch(() => raw.destroy());
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    },
  };
}

/**
 * Sends PostgreSQL's CancelRequest over a new connection to the same address. The one of postgres.js ends the process if it
 * fails.
 */
async function sendCancel(
  route: Route,
  { raw: { remoteAddress } }: OpenSocket,
  { pid, secret }: Backend,
): Promise<void> {
  const addresses = remoteAddress === undefined ? [] : [remoteAddress];
  const { socket, raw } = await openSocket({ ...route, addresses }, AbortSignal.timeout(cancelGraceMs));
  const request = Buffer.alloc(16);
  request.writeUInt32BE(16, 0);
  request.writeUInt32BE(80_877_102, 4);
  request.writeUInt32BE(pid, 8);
  request.writeUInt32BE(secret, 12);
  socket.on("error", () => {}).resume();
  socket.end(request);
  // The server closes the connection after reading the request. Nothing waits for one that does not.
  setTimeout(() => raw.destroy(), cancelGraceMs);
}
