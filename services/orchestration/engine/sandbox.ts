import { existsSync } from "node:fs";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { literal } from "./sql-text.ts";
import { normalName, plainName, preparedName } from "./work-folder.ts";

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

/** The database that was opened before its task is known. */
let ahead: { readonly key: string; readonly opening: Promise<DuckDBConnection | undefined> } | undefined;

const keyOf = ({ path, spillDirectory, memoryBytes, outputPath }: SandboxBounds): string =>
  JSON.stringify([path, spillDirectory, memoryBytes, outputPath]);

/**
 * Opens the database of the next task with these bounds: it takes longer than a small query. Where that fails, the task
 * opens its own and reports why.
 */
export function openAhead(bounds: SandboxBounds): void {
  const key = keyOf(bounds);
  if (ahead?.key === key) return;
  void ahead?.opening.then((connection) => connection?.closeSync());
  ahead = { key, opening: openDatabase(bounds).catch(() => undefined) };
}

/** When the task of a database began, in milliseconds. */
const begunMs = new WeakMap<DuckDBConnection, number>();
/** A task that is done sooner has taken no memory that matters. */
const smallMs = 50;

/**
 * Closes a task's database when the reply is on its way. One that has to clear up in the spill folder, or may have taken
 * much memory, is closed at once: the parent looks at both when it has the reply.
 */
export function closeSandbox(connection: DuckDBConnection, { spillDirectory }: SandboxBounds): void {
  const isSmall = performance.now() - (begunMs.get(connection) ?? 0) < smallMs;
  if (isSmall && !existsSync(spillDirectory)) setImmediate(() => connection.closeSync());
  else connection.closeSync();
}

/**
 * A database in memory whose SQL reaches the files of its task and nothing else: no other file, no network, no extension, and no
 * setting that would change that. `define` makes what the statements need while settings may still be made. Each database has
 * one task.
 */
export async function openSandbox(
  task: SandboxBounds,
  define: (connection: DuckDBConnection) => Promise<void>,
): Promise<DuckDBConnection> {
  const connection = (await takeAhead(keyOf(task))) ?? (await openDatabase(task));
  begunMs.set(connection, performance.now());
  try {
    await define(connection);
    await connection.run("SET lock_configuration = true");
    return connection;
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}

function takeAhead(key: string): Promise<DuckDBConnection | undefined> | undefined {
  if (ahead?.key !== key) return undefined;
  const { opening } = ahead;
  ahead = undefined;
  return opening;
}

async function openDatabase(bounds: SandboxBounds): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${Math.floor((bounds.memoryBytes * managedPart) / 1024 ** 2)}MiB`,
    temp_directory: bounds.spillDirectory,
    max_temp_directory_size: spillMax,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    allow_persistent_secrets: "false",
  });
  const connection = await instance.connect();
  // Now the database ends with its connection.
  instance.closeSync();
  await connection.run("SET TimeZone = 'UTC'");
  const reachable = [bounds.path, plainName, normalName, preparedName, bounds.outputPath].filter(
    (path) => path !== undefined,
  );
  await connection.run(`SET allowed_paths = [${reachable.map(literal).join(", ")}]`);
  await connection.run("SET enable_external_access = false");
  return connection;
}

/** All rows of a statement of ours. */
export async function readRows(connection: DuckDBConnection, sql: string, values: string[] = []) {
  const result = await connection.runAndReadAll(sql, values);
  return result.getRowObjectsJson();
}
