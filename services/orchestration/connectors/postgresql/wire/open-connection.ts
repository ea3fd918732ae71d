import type { Duplex } from "node:stream";
import postgres from "postgres";
import { connectTimeoutMs } from "../../network/connect-pinned.ts";
import { serverOf, type Target } from "../target/target.ts";
import { type GuardedSocket, guardSocket } from "./guard-socket.ts";
import { createMessageRules, type MessageRules } from "./message-rules.ts";
import { type OpenSocket, openSocket } from "./open-socket.ts";

/** TCP keep-alive delay, in milliseconds. */
const keepAliveMs = 30_000;

/** A logged-in connection, open until disposed. */
export type Connection = AsyncDisposable & {
  readonly sql: postgres.Sql;
  readonly rules: MessageRules;
  readonly opened: OpenSocket;
  readonly guarded: GuardedSocket;
  /** Identifies the backend in a CancelRequest. */
  readonly backend: Backend;
  /** Whether it comes from the pool. */
  isWarm: boolean;
};

export type Backend = { pid: number; secret: number };

/** Connects and logs in before the signal aborts. If the server violated a rule, the violation is thrown. */
export async function openConnection(
  { settings, password, route }: Target,
  connecting: AbortSignal,
): Promise<Connection> {
  const rules = createMessageRules(serverOf(settings), route.security.passwordMethods);
  const opened = await openSocket(route, connecting);
  opened.raw.setKeepAlive(true, keepAliveMs);
  const guarded = guardSocket(opened, rules);
  const client = connectOver(guarded.socket, opened, { settings, password });
  try {
    const backend = await logIn(client.sql, connecting, opened);
    return { ...client, rules, opened, guarded, backend, isWarm: false };
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw guarded.violation ?? error;
  }
}

function connectOver(
  socket: Duplex,
  { raw }: OpenSocket,
  { settings, password }: Pick<Target, "settings" | "password">,
) {
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
    // By default the client closes connections after half an hour.
    max_lifetime: null,
    connection: { application_name: "sluice" },
    onnotice: () => {},
    // The client reconnects endlessly to a server that closes, so it gets this connection only.
    socket: () => {
      // A socket that has closed already emits no further event.
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

/** Runs the first statement, which fails if the login fails. Returns the key for cancellations. */
async function logIn(sql: postgres.Sql, connecting: AbortSignal, { raw }: OpenSocket): Promise<Backend> {
  const cut = () => raw.destroy();
  connecting.addEventListener("abort", cut, { once: true });
  try {
    const { state } = await sql`select 1`;
    return state as unknown as Backend;
  } finally {
    connecting.removeEventListener("abort", cut);
  }
}
