import type { Writable } from "node:stream";
import postgres from "postgres";
import { executionTooLarge, sourceDataInvalid } from "../../errors.ts";
import type { Limit } from "../connector.ts";
import { copyOut } from "./copy-out.ts";
import { toConnectionFailure, toSnapshotFailure } from "./failures.ts";
import { guardLogin, type LoginGuard } from "./guard-login.ts";
import { connectTimeoutMs, type OpenSocket, openSocket, type Route } from "./open-socket.ts";
import { type OwnDatabase, refuseOwnDatabase } from "./own-database.ts";
import { type LoginDeps, prepareLogin } from "./prepare-login.ts";
import type { PostgresqlSettings } from "./settings.ts";

/** How much later than ours the server's own time for a statement ends: for when we end before we can cancel. */
const serverGraceMs = 5000;
/** How long a server may take to stop what was cancelled before the connection is cut. */
const cancelGraceMs = 1000;
/** What one session may send in all: a single row can be a gigabyte. */
const sessionBytesMax = 64 * 1024 * 1024;
const countBytesEveryMs = 50;

export type SessionDeps = LoginDeps & { readonly ownDatabase: OwnDatabase };

/** Runs one statement in the session's transaction; several at once are refused by the server. */
export type Ask = (
  text: string,
  values?: readonly (string | null)[],
) => postgres.PendingQuery<postgres.Row[]>;

/** What else a session's transaction can do. */
export type Session = {
  /** Sends a COPY … TO STDOUT and writes what comes of it to `sink`; not while something is asked. */
  copyOut(statement: string, sink: Writable): Promise<void>;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
};

/** A snapshot that another session exported, to see what it sees; then a session may send as much as it wants. */
export type SessionOptions = { readonly snapshot?: string };

/**
 * Opens a connection to the source, does `work` in one transaction that reads, and closes the connection. When the
 * signal aborts, what runs in the source is cancelled.
 */
export async function withSession<T>(
  deps: SessionDeps,
  settings: PostgresqlSettings,
  { signal, timeoutMs }: Limit,
  work: (ask: Ask, session: Session) => Promise<T>,
  { snapshot }: SessionOptions = {},
): Promise<T> {
  const connecting = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]);
  const sent = { tooMuch: false };
  let guard: LoginGuard | undefined;
  try {
    const { route, password } = await prepareLogin(deps, settings, connecting);
    const opened = await openSocket(route, connecting);
    guard = guardLogin(opened.socket, route.security.passwordMethods);
    using _bound = snapshot === undefined ? boundBytes(opened, sent) : undefined;
    await using client = connectOver(opened, settings, password);
    const backend = await introduce(client.sql, connecting, opened);
    using _cancel = cancelOnAbort(signal, opened, () => sendCancel(route, backend));
    await refuseOwnDatabase(client.sql, deps.ownDatabase);
    const ask: Ask = (text, values = []) => client.sql.unsafe(text, [...values], extendedProtocol);
    // Closing the connection ends it. postgres.js's own `begin` ends the process when the connection breaks: it writes
    // its rollback to a socket that is gone.
    await ask("begin isolation level repeatable read read only");
    if (snapshot !== undefined) await importSnapshot(ask, snapshot);
    await ask(settingsOfSession, [String(timeoutMs + serverGraceMs)]);
    return await work(ask, {
      copyOut: (statement, sink) => copyOut(opened, statement, sink),
      closed: closedSignal(opened),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (sent.tooMuch) throw executionTooLarge(rowsTooLarge);
    throw toConnectionFailure(guard?.refused ?? error, settings, connecting.aborted);
  }
}

const rowsTooLarge = "the rows are too large: select fewer columns, or parts of them";

/** As values are spelled, and the server's own time for a statement. */
const settingsOfSession = `select set_config('statement_timeout', $1, true), set_config('TimeZone', 'UTC', true),
  set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'iso_8601', true),
  set_config('bytea_output', 'hex', true), set_config('extra_float_digits', '1', true)`;

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

function connectOver({ socket, raw }: OpenSocket, settings: PostgresqlSettings, password: string) {
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

/** PostgreSQL's CancelRequest, over a connection of its own. postgres.js's own ends the process when it fails. */
async function sendCancel(route: Route, { pid, secret }: Backend): Promise<void> {
  const { socket, raw } = await openSocket(route, AbortSignal.timeout(cancelGraceMs));
  const request = Buffer.alloc(16);
  request.writeUInt32BE(16, 0);
  request.writeUInt32BE(80_877_102, 4);
  request.writeUInt32BE(pid, 8);
  request.writeUInt32BE(secret, 12);
  socket.on("error", () => {});
  socket.end(request, () => raw.unref());
}

/** Cuts the connection when the server sends more than a session may take. */
function boundBytes({ raw }: OpenSocket, sent: { tooMuch: boolean }): Disposable {
  const timer = setInterval(() => {
    if (raw.bytesRead <= sessionBytesMax) return;
    sent.tooMuch = true;
    raw.destroy();
  }, countBytesEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
