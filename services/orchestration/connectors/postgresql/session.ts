import type { Duplex, Writable } from "node:stream";
import postgres from "postgres";
import { copyLineBytesMax } from "../../engine/file-reader.ts";
import { sourceDataInvalid, sourceUnreachable } from "../../errors.ts";
import type { Limit } from "../connector.ts";
import { copyOut } from "./copy-out.ts";
import { toConnectionFailure, toSnapshotFailure } from "./failures.ts";
import { type GuardedSocket, guardSocket } from "./guard-socket.ts";
import { createMessageRules } from "./message-rules.ts";
import { connectTimeoutMs, type OpenSocket, openSocket, type Route } from "./open-socket.ts";
import { refuseOwnDatabase } from "./own-database.ts";
import { serverOf, type Target } from "./target.ts";

/** How much later than ours the server's own time for a statement ends: for when we end before we can cancel. */
const serverGraceMs = 5000;
/** How long a server may take to stop what was cancelled before the connection is cut. */
const cancelGraceMs = 1000;
/** How long a server may take from the connection until a session's own work begins, in milliseconds. */
const prepareTimeoutMs = 20_000;
/**
 * How long a session that imports a snapshot waits for a lock, in milliseconds. The session that exported it has the lock
 * already: who stands before this one wants to alter the table, and waits for the snapshot to be given up.
 */
const lockMsMax = 5000;
/** How long a connection is silent before the system asks whether the other side is still there, in milliseconds. */
const keepAliveMs = 30_000;

/** Runs one statement in the session's transaction; several at once are refused by the server. */
export type Ask = (
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

/** A snapshot that another session exported, to see what it sees. */
export type SessionOptions = { readonly snapshot?: string };

/**
 * Opens a connection to the source, does `work` in one transaction that reads, and closes the connection. When the
 * signal aborts, what runs in the source is cancelled.
 */
export async function withSession<T>(
  target: Target,
  { signal, timeoutMs }: Limit,
  work: (ask: Ask, session: Session) => Promise<T>,
  { snapshot }: SessionOptions = {},
): Promise<T> {
  const { settings, route } = target;
  const connecting = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]);
  const rules = createMessageRules(serverOf(settings), route.security.passwordMethods);
  let guarded: GuardedSocket | undefined;
  let isIn = false;
  try {
    const opened = await openSocket(route, connecting);
    opened.raw.setKeepAlive(true, keepAliveMs);
    guarded = guardSocket(opened, rules);
    const { socket } = guarded;
    await using client = connectOver(socket, opened, target);
    const backend = await introduce(client.sql, connecting, opened);
    isIn = true;
    using _cancel = cancelOnAbort(signal, opened, () => sendCancel(route, opened, backend));
    const ask: Ask = (text, values = []) => client.sql.unsafe(text, [...values], extendedProtocol);
    {
      using _prepare = cutLate(socket, serverOf(settings));
      await refuseOwnDatabase(client.sql, target.ownDatabase);
      await beginReading(ask, timeoutMs, snapshot);
    }
    return await work(ask, {
      copyOut(statement, sink) {
        rules.allowCopy(copyLineBytesMax);
        return copyOut(socket, statement, sink);
      },
      closed: closedSignal(opened),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (guarded?.violation) throw guarded.violation;
    throw toConnectionFailure(error, settings, connecting.aborted && !isIn);
  }
}

/** A server that does not get ready is cut off, whatever the time for the work itself. */
function cutLate(socket: Duplex, server: string): Disposable {
  const late = () =>
    socket.destroy(sourceUnreachable(`${server} does not answer within ${prepareTimeoutMs / 1000} s`));
  const timer = setTimeout(late, prepareTimeoutMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Closing the connection ends the transaction. postgres.js's own `begin` ends the process when the connection breaks. */
async function beginReading(ask: Ask, timeoutMs: number, snapshot: string | undefined): Promise<void> {
  await ask("begin isolation level repeatable read read only");
  if (snapshot !== undefined) await importSnapshot(ask, snapshot);
  const lockMs = snapshot === undefined ? 0 : lockMsMax;
  await ask(settingsOfSession, [String(timeoutMs + serverGraceMs), String(lockMs)]);
}

/** As values are spelled, the server's own time for a statement, and no notices, which nobody would see. */
const settingsOfSession = `select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
  set_config('TimeZone', 'UTC', true),
  set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true),
  set_config('client_min_messages', 'error', true)`;

/** The statement takes no parameters; a snapshot's name has hexadecimal digits and hyphens. */
async function importSnapshot(ask: Ask, snapshot: string): Promise<void> {
  if (!/^[0-9A-Fa-f-]+$/.test(snapshot))
    throw sourceDataInvalid("the server calls its snapshot by an odd name");
  try {
    await ask(`set transaction snapshot '${snapshot}'`);
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

function connectOver(socket: Duplex, { raw }: OpenSocket, { settings, password }: Target) {
  let taken = false;
  const options = {
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password,
    max: 1,
    ssl: false,
    prepare: false,
    fetch_types: false,
    connect_timeout: connectTimeoutMs / 1000,
    // The client would close a connection that is older than half an hour.
    max_lifetime: null,
    connection: { application_name: "sluice" },
    onnotice: () => {},
    // The client would connect again, and again, to a server that closes: it gets this connection and no other.
    socket: () => {
      // What closed already will not say so again.
      if (taken || socket.destroyed) throw connectionClosed();
      taken = true;
      return socket;
    },
  } as postgres.Options<Record<string, never>>;
  const sql = postgres(options);
  return {
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 0 });
      raw.destroy();
    },
  };
}

const connectionClosed = () =>
  Object.assign(new Error("the connection was closed"), { code: "CONNECTION_CLOSED" });

/** Without values the client would take the simple protocol, which runs several statements. */
const extendedProtocol = { simple: false } as postgres.UnsafeQueryOptions;

type Backend = { pid: number; secret: number };

/** The first statement: the login fails here if it does. Answers what a cancellation has to name. */
async function introduce(sql: postgres.Sql, connecting: AbortSignal, { raw }: OpenSocket): Promise<Backend> {
  const cut = () => raw.destroy();
  connecting.addEventListener("abort", cut, { once: true });
  try {
    const { state } = await sql`select 1`;
    return state as unknown as Backend;
  } finally {
    connecting.removeEventListener("abort", cut);
  }
}

function cancelOnAbort(signal: AbortSignal, { raw }: OpenSocket, cancel: () => Promise<void>): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    timer = setTimeout(() => raw.destroy(), cancelGraceMs);
    // A cancellation that does not get through is followed by the cut.
    cancel().catch(() => raw.destroy());
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
