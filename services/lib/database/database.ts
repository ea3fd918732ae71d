import { Code, ConnectError } from "@connectrpc/connect";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import type postgres from "postgres";
import { currentCall } from "../rpc/call.ts";
import { observePool, type PoolObserver } from "../telemetry/observe-pool.ts";
import { cancelStatement } from "./cancel-statement.ts";
import { databaseAway, isConnectionEnd } from "./database-failure.ts";
import { connectPostgres } from "./postgres-client.ts";
import { createPreparation } from "./prepared-statements.ts";

/** A pool or a transaction: the first parameter of repository functions. */
export type Db = Pick<
  PostgresJsDatabase,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "execute" | "transaction" | "with" | "$count"
>;

export type Database = AsyncDisposable & {
  readonly db: Db;
  /**
   * Calls `heard` for each notification of a channel from now on. Notifications are lost while the connection is down,
   * so listeners have to poll as well.
   */
  listen(channel: string, heard: (payload: string) => void): Promise<void>;
};

/** Pool size of one service. */
const connectionsMax = 10;
/** Idle timeout of a connection: the server has a process for each. */
const idleTimeoutSeconds = 20;
const closeTimeoutSeconds = 5;
/** Schema of the migration tables, one per service. */
const migrationsSchema = "migrations";

/**
 * Opens a service's database and brings its schema up to date. Statements of a call are cancelled with the call.
 */
export async function openDatabase(options: {
  url: string;
  /** Name of the service, its schema and its migration table. */
  service: string;
  migrationsFolder: string;
  /** Settings of the server for the sessions of the pool. */
  settings?: Readonly<Record<string, string>>;
}): Promise<Database> {
  const sql = connectPostgres(options.url, {
    max: connectionsMax,
    idle_timeout: idleTimeoutSeconds,
    connection: { ...options.settings, application_name: `sluice ${options.service}` },
  });
  try {
    await migrateOnce(options);
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
  const observer = observePool(options.service, connectionsMax);
  return {
    db: drizzle({ client: cancelledWithCall(sql, observer) }),
    async listen(channel, heard) {
      await sql.listen(channel, heard);
    },
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: closeTimeoutSeconds });
      observer[Symbol.dispose]();
    },
  };
}

/**
 * Opens connections beside those of `openDatabase`, which has brought the schema up to date: for statements that must not
 * wait for a connection that a transaction holds. `name` is that of the pool in metrics.
 */
export function openPool(options: {
  url: string;
  service: string;
  name: string;
  connectionsMax: number;
}): Omit<Database, "listen"> {
  const { url, service, name, connectionsMax: max } = options;
  const sql = connectPostgres(url, {
    max,
    idle_timeout: idleTimeoutSeconds,
    connection: { application_name: `sluice ${service} ${name}` },
  });
  const observer = observePool(service, max, name);
  return {
    db: drizzle({ client: cancelledWithCall(sql, observer) }),
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: closeTimeoutSeconds });
      observer[Symbol.dispose]();
    },
  };
}

/** Processes of one service may start at once: the first migrates, the others wait. */
async function migrateOnce(options: {
  url: string;
  service: string;
  migrationsFolder: string;
}): Promise<void> {
  const sql = connectPostgres(options.url, { max: 1 });
  try {
    await sql`select pg_advisory_lock(hashtext(${`sluice migrations ${options.service}`}))`;
    await migrate(drizzle({ client: sql }), {
      migrationsFolder: options.migrationsFolder,
      migrationsSchema,
      migrationsTable: options.service,
    });
  } finally {
    await sql.end();
  }
}

type Client = postgres.Sql | postgres.TransactionSql;

type TransactionState = {
  /** The transaction's connection is closed: nothing may be sent on it. */
  lost: boolean;
  /** Cancellations under way: they could cancel a statement that is sent before they end. */
  readonly cancelling: Promise<void>[];
};

/**
 * Wraps a client so that statements are cancelled with their call. A transaction has a `TransactionState`; a pool has
 * none, because it replaces lost connections.
 */
function cancelledWithCall<T extends Client>(
  client: T,
  observer: PoolObserver,
  transactionState?: TransactionState,
): T {
  return new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === "unsafe") {
        return (...args: Parameters<T["unsafe"]>) => cancellable(target, args, observer, transactionState);
      }
      if (typeof value !== "function") return value;
      const bound = value.bind(target);
      if (property === "savepoint" && transactionState) return nested(bound, observer, transactionState);
      return property === "begin" ? transactional(bound, observer) : bound;
    },
  });
}

const isPrepared = createPreparation();

// drizzle sends every statement through `unsafe`, with placeholders in its text.
function cancellable(
  client: Client,
  [text, parameters, options]: Parameters<Client["unsafe"]>,
  observer: PoolObserver,
  transactionState: TransactionState | undefined,
) {
  const signal = currentCall()?.signal;
  if (signal?.aborted) throw new ConnectError("the call has ended", Code.Canceled);
  if (transactionState?.lost) throw databaseAway();
  const query = client.unsafe(text, parameters, isPrepared(text) ? { ...options, prepare: true } : options);
  const endStatement = observer.statement(text, transactionState !== undefined);
  let ended = false;
  const cancel = () => {
    const cancelling = cancelStatement(query, () => ended || transactionState?.lost === true);
    transactionState?.cancelling.push(cancelling);
  };
  signal?.addEventListener("abort", cancel, { once: true });
  const release = (error?: unknown) => {
    ended = true;
    signal?.removeEventListener("abort", cancel);
    endStatement?.(error);
  };
  query.then(
    () => release(),
    (error: unknown) => {
      release(error);
      if (transactionState && isConnectionEnd(error)) transactionState.lost = true;
    },
  );
  return query;
}

type Begin = (...args: unknown[]) => unknown;
type Work = (client: postgres.TransactionSql) => unknown;

/**
 * postgres.js 3.4 ends the process when it sends on a closed connection of a transaction, its own COMMIT or ROLLBACK
 * included (porsager/postgres#1208). The work of such a transaction therefore never settles for the driver; the
 * caller's promise is rejected when the connection closes.
 */
const transactional =
  (begin: Begin, observer: PoolObserver): Begin =>
  (...args) => {
    const work = args.pop() as Work;
    const transactionState: TransactionState = { lost: false, cancelling: [] };
    const transaction = begin(...args, async (client: postgres.TransactionSql) => {
      try {
        return await work(cancelledWithCall(client, observer, transactionState));
      } finally {
        await Promise.all(transactionState.cancelling);
        if (transactionState.lost) await neverEnding();
      }
    }) as Promise<unknown>;
    const endTransaction = observer.transaction();
    // A transaction rejects before its work has settled only when its connection closes.
    transaction.then(endTransaction, () => {
      transactionState.lost = true;
      endTransaction?.();
    });
    return transaction;
  };

const nested =
  (savepoint: Begin, observer: PoolObserver, transactionState: TransactionState): Begin =>
  (...args) => {
    const work = args.pop() as Work;
    return savepoint(...args, (client: postgres.TransactionSql) =>
      work(cancelledWithCall(client, observer, transactionState)),
    );
  };

const neverEnding = () => new Promise<never>(() => {});
