import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";

// Like rivals.py, with the project's own dependencies: does one task and prints its seconds as a line of JSON.
// Arguments: the task's name and its arguments.

const work: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  duckdb_copy: (source, out) =>
    runDuckdb(`COPY (FROM read_csv('${source}')) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`),
  duckdb_query: (sql = "") => runDuckdb(sql),
  postgresql_copy: (url = "", out = "") => copyOrders(url, out),
};

async function runDuckdb(statement: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const result = await connection.run(statement);
  await result.getRows();
}

async function copyOrders(url: string, out: string): Promise<void> {
  const sql = connectPostgres(url, { max: 1 });
  const rows = await sql`copy public.orders to stdout (format csv)`.readable();
  await pipeline(rows, createWriteStream(out, { highWaterMark: 1024 * 1024 }));
  await sql.end();
}

const [name = "", ...args] = process.argv.slice(2);
const beganMs = performance.now();
await work[name]?.(...args);
console.log(JSON.stringify({ seconds: (performance.now() - beganMs) / 1000 }));
