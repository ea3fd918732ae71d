import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { connectPostgres } from "../../services/lib/postgres-client.ts";

// The other side of the comparison: DuckDB called directly, fed by COPY where the rows are PostgreSQL's.
// Arguments: csv <file> <out>, or postgresql <url> <table> <columns as a DuckDB struct> <out>.

const [kind, ...args] = process.argv.slice(2);

if (kind === "csv") await fromCsv(args[0] ?? "", args[1] ?? "");
else await fromPostgresql(args[0] ?? "", args[1] ?? "", args[2] ?? "", args[3] ?? "");

async function fromCsv(file: string, out: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  await connection.run(`COPY (FROM read_csv('${file}')) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`);
}

async function fromPostgresql(url: string, table: string, columns: string, out: string): Promise<void> {
  const sql = connectPostgres(url, { max: 1 });
  const rows = await sql.unsafe(`copy ${table} to stdout (format csv)`).readable();
  const csv = `${out}.csv`;
  await pipeline(rows, createWriteStream(csv, { highWaterMark: 1024 * 1024 }));
  await sql.end();
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  await connection.run(
    `COPY (FROM read_csv('${csv}', auto_detect=false, columns=${columns})) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  await rm(csv);
}
