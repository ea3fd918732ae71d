import type { Duplex, Writable } from "node:stream";
import type postgres from "postgres";
import { copyLineBytesMax } from "../../engine/database/file-reader.ts";
import { sourceDataInvalid, sourceUnreachable } from "../../errors.ts";
import type { Limit } from "../../timing/limit.ts";
import { connectTimeoutMs, type Route } from "../network/connect-pinned.ts";
import { copyOut } from "./copy-out.ts";
import { toConnectionFailure, toSnapshotFailure } from "./failures.ts";
import { type Backend, type Connection, openConnection } from "./open-connection.ts";
import { type OpenSocket, openSocket } from "./open-socket.ts";
import { refuseOwnDatabase } from "./own-database.ts";
import type { SessionPool } from "./session-pool.ts";
import { serverOf, type Target } from "./target.ts";

/** How much later than ours the server's own time for a statement ends: for when we end before we can cancel. */
const serverGraceMs = 5000;
/** How long a server may take to stop what was cancelled before the connection is cut. */
const cancelGraceMs = 1000;
/** How long a server may take from the connection until a session's own work begins, in milliseconds. */
const prepareTimeoutMs = 20_000;
/** How long a server may take to begin on a connection that was idle, before another one is opened, in milliseconds. */
const warmTimeoutMs = 3000;
/**
 * How long a session that imports a snapshot waits for a lock, in milliseconds. The session that exported it has the lock
 * already: who stands before this one wants to alter the table, and waits for the snapshot to be given up.
 */
const lockMsMax = 5000;

/** Runs one statement in the session's transaction; several at once are refused by the server. */
export type Execute = (
  text: string,
  values?: readonly (string | null)[],
) => postgres.PendingQuery<postgres.Row[]>;

/** What else a session's transaction can do. */
export type Session = {
  /**
   * Sends a COPY … TO STDOUT and writes what comes of it to `sink`; not while something is asked. Answers how many rows
   * the server says it sent, if it does.
   */
  copyOut(statement: string, sink: Writable): Promise<number | undefined>;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
};

export type SessionOptions = {
  /** A snapshot that another session exported, to see what it sees. */
  readonly snapshot?: string;
  /** Where connections come from and go to: by default one is opened, and closed. */
  readonly pool?: SessionPool;
};

/**
 * Does `work` in one transaction that reads, over a connection to the source. When the signal aborts, what runs in the source
 * is cancelled.
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
    // A transaction that failed ends with its connection.
    if (connection && isDone && options.pool) options.pool.giveBack(connection, target);
    else await connection?.[Symbol.asyncDispose]();
  }
}

/** Begins on a connection from the pool. Nothing of the work was sent on one that is of no use any more. */
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
  using _late = cutLate(connection.guarded.socket, serverOf(target.settings), waitMs);
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

/** Without values the client would take the simple protocol, which runs several statements. */
const extendedProtocol = { simple: false } as postgres.UnsafeQueryOptions;

/** A server that does not get ready is cut off, whatever the time for the work itself. */
function cutLate(socket: Duplex, server: string, waitMs: number): Disposable {
  const late = () => socket.destroy(sourceUnreachable(`${server} does not answer within ${waitMs / 1000} s`));
  const timer = setTimeout(late, waitMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Closing the connection ends the transaction. postgres.js's own `begin` ends the process when the connection breaks. */
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

/** As values are spelled, the server's own time for a statement, and no notices, which nobody would see. */
const settingsOfSession = `select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
  set_config('TimeZone', 'UTC', true),
  set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true),
  set_config('client_min_messages', 'error', true)`;

/** The statement takes no parameters; a snapshot's name has hexadecimal digits and hyphens. */
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
    // A cancellation that does not get through is followed by the cut.
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
 * PostgreSQL's CancelRequest, over a connection of its own to the same address. postgres.js's own ends the process when
 * it fails.
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
  // The server closes it when it has read the request; one that does not is not waited for.
  setTimeout(() => raw.destroy(), cancelGraceMs);
}
