import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { identifier, literal } from "../sql-text.ts";
import { databaseLogPath, databasePath, normalName, plainName, preparedName } from "../work-file-names.ts";

/** Share of the process memory for DuckDB's buffer manager, which spills beyond it. Functions allocate outside of it. */
const managedShare = 1 / 3;
/** Spill limit per execution. */
const spillMax = "4GiB";

/** Limits of an in-memory database and the files that its SQL may access. */
type SandboxBounds = {
  readonly path: string;
  readonly spillDirectory: string;
  readonly memoryBytes: number;
  readonly outputPath?: string;
  /** Further files that the SQL may read. */
  readonly inputPaths?: readonly string[] | undefined;
};

/** An in-memory database with an unused connection. */
type Database = {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  /** User statements that it has already run. */
  readonly statementCount: number;
};

/** The database opened for the next task. */
let next: { readonly key: string; readonly opening: Promise<Database | undefined> } | undefined;

const keyOf = ({ path, spillDirectory, memoryBytes, outputPath, inputPaths }: SandboxBounds): string =>
  JSON.stringify([path, spillDirectory, memoryBytes, outputPath, inputPaths]);

/**
 * Opens the database of the next task early, because that takes longer than a small query. After a failure the task opens its
 * own and reports the error.
 */
export function openEarly(bounds: SandboxBounds): void {
  const key = keyOf(bounds);
  if (next?.key === key) return;
  void next?.opening.then((database) => database && closeDatabase(database));
  next = { key, opening: openDatabase(bounds).catch(() => undefined) };
}

type SandboxOptions = {
  /** Settings of this database only. */
  readonly settings?: readonly string[];
  /** Settings of this database only that depend on what DuckDB has. */
  readonly configure?: (connection: DuckDBConnection) => Promise<void>;
  /** Creates the views and tables that the statements of the task use. */
  readonly define?: (connection: DuckDBConnection) => Promise<void>;
};

/**
 * An in-memory database whose SQL can access the files of its task and nothing else: no other file, network or extension, and
 * no setting that would allow them. It closes with its connection.
 */
export async function openSandbox(
  task: SandboxBounds,
  { settings = [], configure, define = async () => {} }: SandboxOptions = {},
): Promise<DuckDBConnection> {
  const database = await takeDatabase(task, settings.length > 0 || configure !== undefined);
  const { connection } = database;
  database.instance.closeSync();
  return closedOnFailure(connection, async () => {
    for (const setting of settings) await connection.run(setting);
    await configure?.(connection);
    await lock(database);
    await define(connection);
    return connection;
  });
}

/** Statements per database. The bound limits leaks of native code. */
const statementsMax = 100;
/** A faster statement has used no significant memory. In milliseconds. */
const quickMs = 50;

/**
 * Runs a statement over one view in a database like openSandbox's. After a small statement the database is kept for the next
 * one, on a new connection: opening a database takes longer than such a statement, and statements that passed the gate can
 * only change state of their connection.
 */
export async function withView<T extends { readonly truncated: boolean }>(
  task: SandboxBounds,
  view: { readonly name: string; readonly from: string },
  work: {
    define(create: () => Promise<unknown>): Promise<unknown>;
    run(connection: DuckDBConnection): Promise<T>;
  },
): Promise<T> {
  const database = await takeDatabase(task);
  const { connection } = database;
  const startMs = performance.now();
  try {
    await lock(database);
    await work.define(() => connection.run(`CREATE VIEW ${identifier(view.name)} AS FROM ${view.from}`));
    const result = await work.run(connection);
    const isQuick = performance.now() - startMs < quickMs && !existsSync(task.spillDirectory);
    // A truncated result holds its rows until V8 collects it.
    if (isQuick && !result.truncated && database.statementCount < statementsMax)
      keep(task, database, view.name);
    else closeDatabase(database);
    return result;
  } catch (error) {
    closeDatabase(database);
    throw error;
  }
}

/** Prepares a database for the next statement after the reply to this one was sent. */
function keep(task: SandboxBounds, database: Database, viewName: string): void {
  next = { key: keyOf(task), opening: renew(database, viewName) };
}

async function renew(database: Database, viewName: string): Promise<Database | undefined> {
  await setImmediate();
  // Closing the connection drops everything that the statement created or set.
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

function closeDatabase({ connection, instance }: Database): void {
  connection.closeSync();
  instance.closeSync();
}

/** Takes the database that was opened early for these bounds, or opens one. A used database is locked and takes no settings. */
async function takeDatabase(bounds: SandboxBounds, hasSettings = false): Promise<Database> {
  if (next?.key !== keyOf(bounds)) return openDatabase(bounds);
  const { opening } = next;
  next = undefined;
  const database = await opening;
  if (database && (!hasSettings || database.statementCount === 0)) return database;
  if (database) closeDatabase(database);
  return openDatabase(bounds);
}

async function lock({ connection, statementCount }: Database): Promise<void> {
  if (statementCount === 0) await connection.run("SET lock_configuration = true");
}

/** Closes the connection if `work` fails. */
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
    memory_limit: `${Math.floor((bounds.memoryBytes * managedShare) / 1024 ** 2)}MiB`,
    temp_directory: bounds.spillDirectory,
    max_temp_directory_size: spillMax,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    allow_persistent_secrets: "false",
    // The next task has another file under the same name.
    enable_external_file_cache: "false",
  });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  const { path, outputPath, inputPaths = [] } = bounds;
  const reachable = [
    path,
    databasePath,
    databaseLogPath,
    plainName,
    normalName,
    preparedName,
    outputPath,
    ...inputPaths,
  ].filter((one) => one !== undefined);
  await connection.run(`SET allowed_paths = [${reachable.map(literal).join(", ")}]`);
  await connection.run("SET enable_external_access = false");
  return { instance, connection, statementCount: 0 };
}

/** Runs a statement of the engine itself. */
export async function readRows(connection: DuckDBConnection, sql: string, values: string[] = []) {
  const result = await connection.runAndReadAll(sql, values);
  return result.getRowObjectsJson();
}
