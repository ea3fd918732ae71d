import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { createSource, type Orchestration, type User } from "../orchestration.ts";

/** Runs statements on a database file, and closes it, which leaves no log beside it. */
export async function writeDatabase(
  path: string,
  statements: readonly string[],
  options: Record<string, string> = {},
): Promise<void> {
  const instance = await DuckDBInstance.create(path, options);
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The bytes of a database that these statements make. */
export async function databaseBytes(...statements: readonly string[]): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "made.duckdb");
  await writeDatabase(path, statements);
  return await readFile(path);
}

/** A source on a stored database. Returns its id. */
export const databaseSource = ({ peers }: Orchestration, user: User, bytes: Buffer): Promise<string> =>
  createSource(user, "duckdb", { fileId: peers.addFile(user.who, "made.duckdb", bytes) });
