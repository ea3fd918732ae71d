import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { temporaryFolder } from "../lib/test-mesh.ts";
import type { Column, Table } from "./tables.ts";

/** RFC 4180: null is empty, an empty text is quoted. */
export function toCsv({ columns, rows }: Table): string {
  const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const cell = (value: string | null, { kind }: Column) =>
    value !== null && kind.isText ? quote(value) : (value ?? "");
  const lines = rows.map((row) => row.map((value, index) => cell(value, columns[index] as Column)).join(","));
  return [columns.map(({ name }) => quote(name)).join(","), ...lines].map((line) => `${line}\r\n`).join("");
}

const toObjects = ({ columns, rows }: Table): string[] =>
  rows.map((row) => {
    const spell = (value: string | null, { kind }: Column) =>
      value === null || kind.isLiteral ? String(value) : JSON.stringify(value);
    const field = (column: Column, index: number) =>
      `${JSON.stringify(column.name)}:${spell(row[index] ?? null, column)}`;
    return `{${columns.map(field).join(",")}}`;
  });

export const toNdjson = (table: Table): string =>
  toObjects(table)
    .map((line) => `${line}\n`)
    .join("");
export const toJsonArray = (table: Table): string => `[${toObjects(table).join(",\n")}]`;

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A `VALUES` list with each value cast to its type. */
const valuesOf = ({ columns, rows }: Table, typeOf: (column: Column) => string): string => {
  const cell = (value: string | null, column: Column) =>
    `CAST(${value === null ? "NULL" : literal(value)} AS ${typeOf(column)})`;
  return rows
    .map((row) => `(${columns.map((column, index) => cell(row[index] ?? null, column)).join(", ")})`)
    .join(", ");
};

/** Writes Parquet by DuckDB. */
export async function toParquet(table: Table): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "table.parquet");
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const columns = table.columns.map(({ name }) => identifier(name)).join(", ");
    const values = valuesOf(table, ({ kind }) => kind.type);
    await connection.run("SET TimeZone = 'UTC'");
    await connection.run(
      `COPY (SELECT * FROM (VALUES ${values}) AS t (${columns})) TO ${literal(path)} (FORMAT parquet)`,
    );
    return await readFile(path);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** SQL that creates the table in PostgreSQL. */
export function toPostgresql(table: Table, name: string): string {
  const columns = table.columns.map((column) => `${identifier(column.name)} ${column.kind.postgresql}`);
  const values = valuesOf(table, ({ kind }) => kind.postgresql);
  return `create table ${name} (${columns.join(", ")}); insert into ${name} values ${values}; grant select on ${name} to public`;
}

/** Parses CSV by RFC 4180; an unquoted empty value is null. */
export function parseCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (end === "" && quoted === undefined && plain === "" && rows.at(-1)?.length === 0) break;
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? (plain === "" ? null : plain));
    if (end !== ",") rows.push([]);
  }
  return rows.slice(0, -1);
}
