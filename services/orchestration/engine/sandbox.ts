import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { literal } from "./sql-text.ts";
import { normalName, plainName } from "./work-folder.ts";

/** The part of a process's memory that DuckDB manages; what is more goes to the spill folder. Functions take theirs beside. */
const managedPart = 1 / 3;
/** Space in the spill folder of one execution. */
const spillMax = "4GiB";

/**
 * A database in memory whose SQL reaches the files of its task and nothing else: no other file, no network, no extension, and no
 * setting that would change that. `define` makes what the statements need while settings may still be made.
 */
export async function openSandbox(
  task: {
    path: string;
    spillDirectory: string;
    memoryBytes: number;
    outputPath?: string;
  },
  define: (connection: DuckDBConnection) => Promise<void>,
): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${Math.floor((task.memoryBytes * managedPart) / 1024 ** 2)}MiB`,
    temp_directory: task.spillDirectory,
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
  const reachable = [task.path, plainName, normalName, task.outputPath].filter((path) => path !== undefined);
  await connection.run(`SET allowed_paths = [${reachable.map(literal).join(", ")}]`);
  await connection.run("SET enable_external_access = false");
  await define(connection);
  await connection.run("SET lock_configuration = true");
  return connection;
}

/** All rows of a statement of ours. */
export async function readRows(connection: DuckDBConnection, sql: string, values: string[] = []) {
  const result = await connection.runAndReadAll(sql, values);
  return result.getRowObjectsJson();
}
