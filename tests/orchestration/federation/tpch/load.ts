import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Connection } from "mysql2/promise";
import type postgres from "postgres";
import { literal } from "../../../../services/orchestration/engine/sql-text.ts";
import { type TpchTable, tpchTables } from "./tables.ts";

export type TpchFiles = {
  /** Path of a table as Parquet. */
  parquet(table: string): string;
  /** Path of a table as CSV, without a header. */
  csv(table: string): string;
};

/** Writes all tables in both formats into a folder. */
export async function writeTpch(folder: string, scale: number): Promise<TpchFiles> {
  const files = {
    parquet: (table: string) => join(folder, `${table}.parquet`),
    csv: (table: string) => join(folder, `${table}.csv`),
  };
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "2GB",
    temp_directory: join(folder, "spill"),
  });
  const connection = await instance.connect();
  try {
    for (const [name, table] of Object.entries(tpchTables)) {
      await connection.run(`CREATE TABLE ${name} (${columnsOf(table)})`);
      await connection.run(`INSERT INTO ${name} ${table.rows(scale)}`);
      await connection.run(`COPY ${name} TO ${literal(files.parquet(name))} (FORMAT parquet)`);
      await connection.run(`COPY ${name} TO ${literal(files.csv(name))} (FORMAT csv, HEADER false)`);
      await connection.run(`DROP TABLE ${name}`);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return files;
}

const columnsOf = ({ columns }: TpchTable): string => columns.map((column) => column.join(" ")).join(", ");

const definitionOf = (name: string): string => {
  const table = tpchTables[name];
  if (!table) throw new Error(`there is no table ${name}`);
  return `create table ${name} (${columnsOf(table)}, primary key (${table.key}))`;
};

export async function loadPostgresql(
  sql: postgres.Sql,
  files: TpchFiles,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await sql.unsafe(definitionOf(name));
    const sink = await sql.unsafe(`copy ${name} from stdin (format csv)`).writable();
    await pipeline(createReadStream(files.csv(name)), sink);
    await sql.unsafe(`analyze ${name}`);
  }
}

/** The server reads the files itself. */
export async function loadMaria(
  admin: Connection,
  files: TpchFiles,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    await admin.query(definitionOf(name));
    await admin.query(
      `load data infile ${literal(files.csv(name))} into table ${name} character set utf8mb4
       fields terminated by ',' optionally enclosed by '"' lines terminated by '\\n'`,
    );
    await admin.query(`analyze table ${name}`);
  }
}
