import { Code, ConnectError } from "@connectrpc/connect";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import type postgres from "postgres";
import { currentCall } from "../rpc/call.ts";
import { observePool, type PoolObserver } from "../telemetry/observe-pool.ts";
import { cancelStatement } from "./cancel-statement.ts";
import { databaseAway, isConnectionEnd } from "./database-failure.ts";
import { connectPostgres } from "./postgres-client.ts";

/** A pool or a transaction: what repositories take first. */
export type Db = Pick<
  PostgresJsDatabase,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "execute" | "transaction" | "with" | "$count"
>;

export type Database = AsyncDisposable & {
  readonly db: Db;
  /**
   * Calls `heard` for each notification of a channel from now on. Those sent while the connection is lost are missed, so
   * whoever listens also looks from time to time.
   */
  listen(channel: string, heard: (payload: string) => void): Promise<void>;
};

/** Connections of one service's pool. */
const connectionsMax = 10;
/** How long a connection without statements stays: the server has a process for each. */
const idleTimeoutSeconds = 20;
const closeTimeoutSeconds = 5;
/** Schema of the tables that say which migrations ran; each service has its own table in it. */
const migrationsSchema = "migrations";

/**
 * Opens a service's database and brings its schema up to date. Statements of a call are cancelled with the call.
 */
export async function openDatabase(options: {
  url: string;
  /** Name of the service: of its schema and of its migrations' table. */
  service: string;
  migrationsFolder: string;
}): Promise<Database> {
  const sql = connectPostgres(options.url, {
    max: connectionsMax,
    idle_timeout: idleTimeoutSeconds,
    connection: { application_name: `sluice ${options.service}` },
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

/** Several processes of one service may start at once: the first migrates, the others wait for it. */
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

type Lifeline = {
  /** The transaction's connection is gone: nothing more may be sent on it. */
  lost: boolean;
  /** Statements that are being cancelled: what is sent meanwhile could be cancelled in their place. */
  readonly cancelling: Promise<void>[];
};

/**
 * The same client, but its statements end with the call that they belong to. A transaction has a lifeline; a pool has
 * none, because it replaces a connection that is gone.
 */
function cancelledWithCall<T extends Client>(client: T, observer: PoolObserver, lifeline?: Lifeline): T {
  return new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === "unsafe") {
        return (...args: Parameters<T["unsafe"]>) => cancellable(target, args, observer, lifeline);
      }
      if (typeof value !== "function") return value;
      const bound = value.bind(target);
      if (property === "savepoint" && lifeline) return nested(bound, observer, lifeline);
      return property === "begin" ? transactional(bound, observer) : bound;
    },
  });
}

// drizzle sends every statement through `unsafe`, whose text it built with placeholders.
function cancellable(
  client: Client,
  args: Parameters<Client["unsafe"]>,
  observer: PoolObserver,
  lifeline: Lifeline | undefined,
) {
  const signal = currentCall()?.signal;
  if (signal?.aborted) throw new ConnectError("the call has ended", Code.Canceled);
  if (lifeline?.lost) throw databaseAway();
  const query = client.unsafe(...args);
  const endStatement = observer.statement(args[0], lifeline !== undefined);
  let ended = false;
  const cancel = () => {
    const cancelling = cancelStatement(query, () => ended || lifeline?.lost === true);
    lifeline?.cancelling.push(cancelling);
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
      if (lifeline && isConnectionEnd(error)) lifeline.lost = true;
    },
  );
  return query;
}

type Begin = (...args: unknown[]) => unknown;
type Work = (client: postgres.TransactionSql) => unknown;

/**
 * postgres.js 3.4 ends the process when it sends something on a transaction's connection that is gone, its own commit
 * or rollback included (porsager/postgres#1208). So the work of such a transaction never comes to an end for it; what
 * the caller waits for fails by itself as soon as the connection closes.
 */
const transactional =
  (begin: Begin, observer: PoolObserver): Begin =>
  (...args) => {
    const work = args.pop() as Work;
    const lifeline: Lifeline = { lost: false, cancelling: [] };
    const transaction = begin(...args, async (client: postgres.TransactionSql) => {
      try {
        return await work(cancelledWithCall(client, observer, lifeline));
      } finally {
        await Promise.all(lifeline.cancelling);
        if (lifeline.lost) await neverEnding();
      }
    }) as Promise<unknown>;
    const endTransaction = observer.transaction();
    // It fails before its work has ended only when its connection closes.
    transaction.then(endTransaction, () => {
      lifeline.lost = true;
      endTransaction?.();
    });
    return transaction;
  };

const nested =
  (savepoint: Begin, observer: PoolObserver, lifeline: Lifeline): Begin =>
  (...args) => {
    const work = args.pop() as Work;
    return savepoint(...args, (client: postgres.TransactionSql) =>
      work(cancelledWithCall(client, observer, lifeline)),
    );
  };

const neverEnding = () => new Promise<never>(() => {});
