import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { identifier, literal } from "../sql-text.ts";
import { normalName, plainName, preparedName } from "../processes/work-folder.ts";

/** The part of a process's memory that DuckDB manages; what is more goes to the spill folder. Functions take theirs beside. */
const managedPart = 1 / 3;
/** Space in the spill folder of one execution. */
const spillMax = "4GiB";

/** What a database in memory is opened for: the files that its SQL may reach, and its bounds. */
type SandboxBounds = {
  readonly path: string;
  readonly spillDirectory: string;
  readonly memoryBytes: number;
  readonly outputPath?: string;
};

/** A database in memory, and a connection that no statement of a task was run on yet. */
type Database = {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  /** Statements of users that it had before. */
  readonly statementCount: number;
};

/** The database that is ready before its task is known. */
let ahead: { readonly key: string; readonly opening: Promise<Database | undefined> } | undefined;

const keyOf = ({ path, spillDirectory, memoryBytes, outputPath }: SandboxBounds): string =>
  JSON.stringify([path, spillDirectory, memoryBytes, outputPath]);

/**
 * Opens the database of the next task with these bounds: it takes longer than a small query. Where that fails, the task
 * opens its own and reports why.
 */
export function openAhead(bounds: SandboxBounds): void {
  const key = keyOf(bounds);
  if (ahead?.key === key) return;
  void ahead?.opening.then((database) => database && close(database));
  ahead = { key, opening: openDatabase(bounds).catch(() => undefined) };
}

type SandboxOptions = {
  /** Settings that hold for the task's database alone. */
  readonly settings?: readonly string[];
  /** Makes what the statements of the task need. */
  readonly define?: (connection: DuckDBConnection) => Promise<void>;
};

/**
 * A database in memory whose SQL reaches the files of its task and nothing else: no other file, no network, no extension, and
 * no setting that would change that. It ends with its connection.
 */
export async function openSandbox(
  task: SandboxBounds,
  { settings = [], define = async () => {} }: SandboxOptions = {},
): Promise<DuckDBConnection> {
  const database = (await takeAhead(keyOf(task), settings)) ?? (await openDatabase(task));
  const { connection } = database;
  database.instance.closeSync();
  return closedOnFailure(connection, async () => {
    for (const setting of settings) await connection.run(setting);
    await lock(database);
    await define(connection);
    return connection;
  });
}

/** Statements of one database at the most: native code leaks. */
const statementsMax = 100;
/** A statement that is done sooner has taken no memory that matters. */
const smallMs = 50;

/**
 * Runs a statement over one view in a database as openSandbox opens it. After a small one the database is kept for the next
 * statement, which gets a connection of its own: statements that have passed the gate change nothing but what is their
 * connection's, and opening a database takes longer than they do.
 */
export async function withView<T extends { readonly truncated: boolean }>(
  task: SandboxBounds,
  view: { readonly name: string; readonly from: string },
  work: {
    define(create: () => Promise<unknown>): Promise<unknown>;
    run(connection: DuckDBConnection): Promise<T>;
  },
): Promise<T> {
  const database = (await takeAhead(keyOf(task))) ?? (await openDatabase(task));
  const { connection } = database;
  const begunMs = performance.now();
  try {
    await lock(database);
    await work.define(() => connection.run(`CREATE VIEW ${identifier(view.name)} AS FROM ${view.from}`));
    const result = await work.run(connection);
    const isQuick = performance.now() - begunMs < smallMs && !existsSync(task.spillDirectory);
    // A result that was left early keeps its rows until V8 collects it.
    if (isQuick && !result.truncated && database.statementCount < statementsMax)
      keep(task, database, view.name);
    else close(database);
    return result;
  } catch (error) {
    close(database);
    throw error;
  }
}

/** Makes a database ready for the next statement when the reply to this one is on its way. */
function keep(task: SandboxBounds, database: Database, viewName: string): void {
  ahead = { key: keyOf(task), opening: renew(database, viewName) };
}

async function renew(database: Database, viewName: string): Promise<Database | undefined> {
  await setImmediate();
  // With its connection goes what a statement made or set.
  database.connection.closeSync();
  let connection: DuckDBConnection | undefined;
  try {
    connection = await database.instance.connect();
    await connection.run(`DROP VIEW ${identifier(viewName)}`);
    return { ...database, connection, statementCount: database.statementCount + 1 };
  } catch {
    connection?.closeSync();
    database.instance.closeSync();
    return undefined;
  }
}

function close({ connection, instance }: Database): void {
  connection.closeSync();
  instance.closeSync();
}

/** A database that had statements is locked: it takes no settings any more. */
async function takeAhead(key: string, settings: readonly string[] = []): Promise<Database | undefined> {
  if (ahead?.key !== key) return undefined;
  const { opening } = ahead;
  ahead = undefined;
  const database = await opening;
  if (!database || settings.length === 0 || database.statementCount === 0) return database;
  close(database);
  return undefined;
}

async function lock({ connection, statementCount }: Database): Promise<void> {
  if (statementCount === 0) await connection.run("SET lock_configuration = true");
}

/** Does work on a connection, which a failure closes. */
export async function closedOnFailure<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}

async function openDatabase(bounds: SandboxBounds): Promise<Database> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${Math.floor((bounds.memoryBytes * managedPart) / 1024 ** 2)}MiB`,
    temp_directory: bounds.spillDirectory,
    max_temp_directory_size: spillMax,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    allow_persistent_secrets: "false",
    // The next task has another file of the same name.
    enable_external_file_cache: "false",
  });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  const reachable = [bounds.path, plainName, normalName, preparedName, bounds.outputPath].filter(
    (path) => path !== undefined,
  );
  await connection.run(`SET allowed_paths = [${reachable.map(literal).join(", ")}]`);
  await connection.run("SET enable_external_access = false");
  return { instance, connection, statementCount: 0 };
}

/** All rows of a statement of ours. */
export async function readRows(connection: DuckDBConnection, sql: string, values: string[] = []) {
  const result = await connection.runAndReadAll(sql, values);
  return result.getRowObjectsJson();
}
