import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineFailure } from "../../services/orchestration/engine/engine-failure.ts";
import { literal } from "../../services/orchestration/engine/sql-text.ts";
import { runStatement } from "../../services/orchestration/engine/tasks/run-statement.ts";
import type { QueryResult } from "../../services/orchestration/results/query-result.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { writeParquet } from "./engines.ts";

/** Rows of the table `orders`: dates, texts, structs, lists, numbers and JSON, with nulls in each column. */
const rows = [
  [1, "2024-01-05", "2024-01-05 09:30:00", "north", "Ann", true, ["new", "web"], 10.5, 2],
  [2, "2024-01-20", "2024-01-20 14:00:00", "south", "Bob", false, ["web"], 20, 1],
  [3, "2024-02-03", "2024-02-03 08:15:00", "north", "Cleo", false, [], 5.25, 5],
  [4, "2024-02-17", "2024-02-17 23:59:59", "east", "Ann", true, ["phone", "old"], 40, 4],
  [5, "2024-03-09", "2024-03-09 12:00:00", "south", "Dora", true, ["web", "old", "sale"], 7.75, 3],
  [6, "2024-03-30", "2024-03-30 17:45:00", null, "Émile", false, ["phone"], 100, 1],
] as const;
const notes = [
  { gift: true, lines: [1, 2] },
  { gift: false, lines: [] },
  null,
  { gift: true, lines: [7] },
  null,
  {},
];

const columns = [
  { name: "id", dataType: "BIGINT" },
  { name: "day", dataType: "DATE" },
  { name: "at", dataType: "TIMESTAMP" },
  { name: "region", dataType: "VARCHAR" },
  { name: "customer", dataType: 'STRUCT("name" VARCHAR, vip BOOLEAN)' },
  { name: "tags", dataType: "VARCHAR[]" },
  { name: "amount", dataType: "DOUBLE" },
  { name: "qty", dataType: "INTEGER" },
  { name: "note", dataType: "JSON" },
];

export type StatementRunner = AsyncDisposable & {
  folder: string;
  /** The table's file. */
  path: string;
  /** Runs a statement on the table `orders` as the engine's process does. */
  run(sql: string): Promise<QueryResult>;
  /** Kind and message of the failure reported to the caller. */
  failureOf(sql: string): Promise<{ kind: string; message: string }>;
};

/** The same limit as an engine's process. */
export const memoryBytes = 1536 * 1024 ** 2;

export async function createStatementRunner(): Promise<StatementRunner> {
  const folder = await temporaryFolder();
  const path = join(folder.path, "orders.parquet");
  const json = join(folder.path, "orders.ndjson");
  const lines = rows.map(([id, day, at, region, name, vip, tags, amount, qty], index) =>
    JSON.stringify({ id, day, at, region, customer: { name, vip }, tags, amount, qty, note: notes[index] }),
  );
  await writeFile(json, lines.join("\n"));
  const types = columns.map(({ name, dataType }) => `${literal(name)}: ${literal(dataType)}`).join(", ");
  await writeParquet(path, `FROM read_json('${json}', format = 'newline_delimited', columns = {${types}})`);
  const run = (sql: string) =>
    runStatement({
      kind: "query",
      path,
      fileName: "orders.ndjson",
      spillDirectory: join(folder.path, "spill"),
      memoryBytes,
      reading: { format: "parquet" },
      tableName: "orders",
      sql,
      maxRows: 1000,
    });
  return {
    folder: folder.path,
    path,
    run,
    async failureOf(sql) {
      try {
        await run(sql);
      } catch (error) {
        if (error instanceof EngineFailure) return { kind: error.kind, message: error.message };
        throw error;
      }
      throw new Error(`it ran: ${sql}`);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
