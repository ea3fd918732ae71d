import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { JsonObject } from "@bufbuild/protobuf";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { extractChunk, plan, readParquet } from "../extracts.ts";
import { createSource, type Orchestration, type User } from "../orchestration.ts";

/** The bytes of a database that this SQL makes. */
export async function sqliteBytes(sql: string): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "made.sqlite");
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return await readFile(path);
}

/** A source on a stored database. Returns its id. */
export const sourceOf = (
  { peers }: Orchestration,
  user: User,
  bytes: Buffer,
  settings: JsonObject = {},
): Promise<string> =>
  createSource(user, "sqlite", { fileId: peers.addFile(user.who, "made.sqlite", bytes), ...settings });

/** Discovers a source, and reads a table. */
export async function rowsOf(user: User, sourceId: string, table: string) {
  await user.catalog.discover({ sourceId });
  return readTable(user, sourceId, table);
}

/** The rows of a discovered table, read by chunks of a plan as Parquet. */
export async function readTable(
  user: User,
  sourceId: string,
  table: string,
): Promise<Record<string, unknown>[]> {
  const { tables } = await user.catalog.listTables({ sourceId });
  const tableId = tables.find(({ name }) => name === table)?.tableId ?? "";
  const planned = await plan(user, sourceId, [tableId], { chunkRows: 2n });
  const rows: Record<string, unknown>[] = [];
  try {
    for (const chunk of planned.chunks) {
      rows.push(...(await readParquet((await extractChunk(user, planned, chunk)).bytes)));
    }
    return rows;
  } finally {
    await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  }
}
