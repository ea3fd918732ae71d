import { type Connection as Client, createConnection } from "mysql2";
import { connectPinned } from "../../network/connect-pinned.ts";
import { serverOf, type Target } from "../target/target.ts";
import { connectionClosed, type GuardedSocket, guardSocket } from "./guard-socket.ts";
import { loginPlugins } from "./login-plugins.ts";
import { ServerError } from "./server-error.ts";

/** TCP keep-alive delay, in milliseconds. */
const keepAliveMs = 30_000;

/** A logged-in connection, open until disposed. */
export type Connection = Disposable & {
  readonly client: Client;
  readonly guarded: GuardedSocket;
  /** Address that it is connected to. */
  readonly address: string | undefined;
  /** Whether it can still be used. */
  isOpen(): boolean;
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
  /** Whether it comes from the pool. */
  isWarm: boolean;
};

/** Connects and logs in before the signal aborts. If the server violated a rule, the violation is thrown. */
export async function openConnection(target: Target, connecting: AbortSignal): Promise<Connection> {
  const { settings, password, route } = target;
  const raw = await connectPinned(route, connecting);
  raw.setNoDelay(true);
  raw.setKeepAlive(true, keepAliveMs);
  // Errors reach the user of the connection. Without a user, they must not end the process.
  raw.on("error", () => {});
  const closed = new AbortController();
  const address = raw.remoteAddress;
  const guarded = guardSocket(raw, route, serverOf(settings), connecting);
  guarded.socket.once("close", () => closed.abort());
  const cut = () => raw.destroy();
  connecting.addEventListener("abort", cut, { once: true });
  const client = createClient(guarded, settings, password);
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", (error) => reject(guarded.violation ?? toFailure(error)));
      // A connection that is cut while it logs in is no error of the client.
      guarded.socket.once("close", () => reject(guarded.violation ?? connectionClosed()));
    });
    // An error of an idle connection closes it, and needs no listener of its own.
    client.on("error", () => {});
    return {
      client,
      guarded,
      address,
      isOpen: () => !raw.destroyed && !guarded.socket.destroyed && guarded.socket.readable,
      closed: closed.signal,
      isWarm: false,
      [Symbol.dispose]: cut,
    };
  } catch (error) {
    client.on("error", () => {});
    cut();
    throw error;
  } finally {
    connecting.removeEventListener("abort", cut);
  }
}

const createClient = (
  guarded: GuardedSocket,
  { host, port, user, database }: Target["settings"],
  password: string,
) =>
  createConnection({
    host,
    port,
    user,
    database,
    password,
    stream: guarded.socket,
    authPlugins: loginPlugins(guarded, password),
    // Generated code would have names in it that the server sends.
    disableEval: true,
    // The guard refuses it without TLS, of which the client knows nothing.
    enableCleartextPlugin: true,
    charset: "UTF8MB4_GENERAL_CI",
    connectTimeout: 0,
    flags: unusedFlags,
    connectAttributes: { program_name: "sluice" },
  });

/** What a server could otherwise do: ask for local files, answer with several results, count differently. */
const unusedFlags = [
  "-LOCAL_FILES",
  "-MULTI_RESULTS",
  "-CLIENT_QUERY_ATTRIBUTES",
  "-SESSION_TRACK",
  "-FOUND_ROWS",
  "-IGNORE_SPACE",
  "-ODBC",
];

/** The error of the client, or the server's own. */
export function toFailure(error: unknown): Error {
  const { errno, sqlState, sqlMessage, message } = error as {
    errno?: number;
    sqlState?: string;
    sqlMessage?: string;
    message: string;
  };
  if (errno === undefined || sqlState === undefined) return error as Error;
  return new ServerError(errno, sqlState, sqlMessage ?? message);
}
