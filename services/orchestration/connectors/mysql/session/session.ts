import { sourceUnreachable } from "../../../errors.ts";
import type { Limit } from "../../../timing/limit.ts";
import { connectTimeoutMs } from "../../network/connect-pinned.ts";
import { serverOf, type Target } from "../target/target.ts";
import type { Parameter } from "../wire/execute-message.ts";
import { type Connection, openConnection, toFailure } from "../wire/open-connection.ts";
import { beginReading, statementLimit } from "./begin-reading.ts";
import { isInterrupted, toConnectionFailure } from "./failures.ts";
import { openResult, prepare, type ResultSet } from "./result-set.ts";
import type { SessionPool } from "./session-pool.ts";

/** How long a server may take to stop a statement before the connection is cut, in milliseconds. */
const cancelGraceMs = 1000;
/** Timeout from the connection to the start of a session's work, in milliseconds. */
const prepareTimeoutMs = 20_000;
/** Timeout to begin on a pooled connection before a new one is opened, in milliseconds. */
const warmTimeoutMs = 3000;

export type Session = {
  readonly target: Target;
  readonly isMariaDb: boolean;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
  /** Runs a statement without rows. */
  run(sql: string): Promise<void>;
  /** Sets the time that each further statement may take. */
  limitStatements(timeoutMs: number): Promise<void>;
  /** Compiles a statement, and discards it. */
  check(sql: string): Promise<void>;
  /** Runs one statement with rows. No other one may run until they are read, or `stop` has ended them. */
  open(sql: string, parameters?: readonly Parameter[]): Promise<ResultSet>;
  /** Ends a result before all rows are read: the server stops the statement. */
  stop(result: ResultSet): Promise<void>;
};

/**
 * Runs `work` in one read-only transaction on a connection to the source. When the signal aborts, the running statement is
 * stopped in the source.
 */
export async function withSession<T>(
  target: Target,
  limit: Limit,
  work: (session: Session) => Promise<T>,
  pool?: SessionPool,
): Promise<T> {
  const { signal } = limit;
  const connecting = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]);
  let connection: Connection | undefined;
  let isIdle = false;
  try {
    connection = await beginWarm(target, limit, pool);
    connection ??= await openConnection(target, connecting);
    if (!connection.isWarm) await begin(connection, target, limit);
    using _cancel = stopOnAbort(signal, connection, target);
    const opened = toSession(connection, target);
    const result = await work(opened.session);
    isIdle = !signal.aborted && opened.isIdle();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw toConnectionFailure(
      connection?.guarded.violation ?? error,
      target.settings,
      connecting.aborted && !connection,
    );
  } finally {
    // A failed transaction ends with its connection.
    if (connection && isIdle && pool) pool.giveBack(connection, target);
    else if (connection) end(connection, target, signal);
  }
}

/** A server that is still busy is told to stop, unless it was: it would notice the closed connection late. */
function end(connection: Connection, target: Target, { aborted }: AbortSignal): void {
  if (connection.guarded.isBusy && !aborted) kill(connection, target).catch(() => {});
  connection[Symbol.dispose]();
}

/** Begins on a pooled connection. A dead one is discarded; no statement of the work was sent on it. */
async function beginWarm(
  target: Target,
  limit: Limit,
  pool: SessionPool | undefined,
): Promise<Connection | undefined> {
  for (let warm = await pool?.take(target); warm; warm = await pool?.take(target)) {
    try {
      await begin(warm, target, limit);
      return warm;
    } catch {
      warm[Symbol.dispose]();
      limit.signal.throwIfAborted();
    }
  }
  return undefined;
}

async function begin(connection: Connection, target: Target, limit: Limit): Promise<void> {
  const waitMs = connection.isWarm ? warmTimeoutMs : prepareTimeoutMs;
  using _late = cutOffLate(connection, target, waitMs);
  using _cancel = stopOnAbort(limit.signal, connection, target);
  await beginReading((sql) => run(connection, sql), isMariaDb(connection), limit.timeoutMs);
}

const isMariaDb = ({ guarded }: Connection): boolean => /mariadb/i.test(guarded.greeting?.version ?? "");

function toSession(connection: Connection, target: Target) {
  const { client } = connection;
  const session: Session = {
    target,
    isMariaDb: isMariaDb(connection),
    closed: connection.closed,
    run: (sql) => run(connection, sql),
    limitStatements: (timeoutMs) =>
      run(connection, `set ${statementLimit(isMariaDb(connection), timeoutMs)}`),
    async check(sql) {
      await prepare(client, sql);
      client.unprepare(sql);
    },
    open: (sql, parameters = []) => openResult(connection, serverOf(target.settings), sql, parameters),
    stop: (result) => stopResult(result, connection, target),
  };
  return { session, isIdle: () => connection.isOpen() && !connection.guarded.isBusy };
}

const run = ({ client }: Connection, sql: string): Promise<void> =>
  new Promise((resolve, reject) => {
    client.query(sql, (error) => (error ? reject(toFailure(error)) : resolve()));
  });

/** Cuts off a server that is not ready in time, independent of the time limit of the work. */
function cutOffLate({ guarded }: Connection, { settings }: Target, waitMs: number): Disposable {
  const late = () =>
    guarded.cut(sourceUnreachable(`${serverOf(settings)} does not answer within ${waitMs / 1000} s`));
  const timer = setTimeout(late, waitMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Reads to the end of a result whose statement was stopped. */
async function stopResult(result: ResultSet, connection: Connection, target: Target): Promise<void> {
  if (result.isDone) return;
  try {
    await kill(connection, target);
    await ignoreInterruption(drain(result));
    // The order to stop may have arrived after the end of the statement, and then meets the next one.
    await ignoreInterruption(run(connection, "do 0"));
  } catch {
    connection[Symbol.dispose]();
  }
}

async function drain(result: ResultSet): Promise<void> {
  while (await result.next());
}

async function ignoreInterruption(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isInterrupted(error)) throw error;
  }
}

function stopOnAbort(signal: AbortSignal, connection: Connection, target: Target): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const cut = () => connection[Symbol.dispose]();
  const stop = () => {
    timer = setTimeout(cut, cancelGraceMs);
    // An order that fails is followed by the cut at once.
    kill(connection, target).catch(cut);
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
 * Stops the running statement, over a new connection to the same address. A login may stop its own statements. The order
 * is given even if the connection is cut meanwhile: the server would notice that late.
 */
async function kill({ guarded, address }: Connection, target: Target): Promise<void> {
  const threadId = guarded.greeting?.threadId;
  if (threadId === undefined || address === undefined) throw new Error("the connection has no thread");
  const route = { ...target.route, addresses: [address] };
  using other = await openConnection({ ...target, route }, AbortSignal.timeout(connectTimeoutMs));
  await run(other, `kill query ${threadId}`);
}
