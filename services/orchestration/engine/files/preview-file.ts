import type { DuckDBConnection } from "@duckdb/node-api";
import { collectRows } from "../database/collect-rows.ts";
import { doubleMismatch } from "../database/duckdb-error.ts";
import { openSandbox } from "../database/sandbox.ts";
import type { FilePreview, Task } from "../protocol.ts";
import { identifier } from "../sql-text.ts";
import { openReadable } from "./open-readable.ts";
import type { Readable } from "./readable.ts";

/** Detects how a file is read, and reads its first rows. */
export async function previewFile(task: Task & { kind: "preview" }): Promise<FilePreview> {
  const { maxRows } = task;
  const connection = await openSandbox(task);
  try {
    const readable = await provenReadable(connection, await openReadable(task, connection));
    const { found, rowCount, problems } = readable;
    // Values that do not fit their type would fail the query; they are reported as problems instead.
    const rows = problems.length === 0 ? await firstRows(connection, readable, maxRows) : [];
    const columns = readable.columns.map(({ name, dataType, nullable, form, note }) => ({
      name,
      dataType,
      nullable,
      form,
      note,
    }));
    return { found, columns, rowCount, problems, rows };
  } finally {
    // The process is reused.
    connection.closeSync();
  }
}

async function firstRows(connection: DuckDBConnection, { columns, relation }: Readable, maxRows: number) {
  const list = columns.map(({ name, expression }) => `${expression} AS ${identifier(name)}`).join(", ");
  const result = await connection.stream(`SELECT ${list} FROM ${relation} LIMIT ${maxRows}`);
  const { rows } = await collectRows(result, maxRows);
  return rows;
}

/** The readable with types that all values confirm. */
async function provenReadable(connection: DuckDBConnection, readable: Readable): Promise<Readable> {
  if (!readable.fallback) return readable;
  const counts = readable.columns.map(({ expression }) => `count(${expression})`);
  try {
    await connection.run(`SELECT ${counts.join(", ")} FROM ${readable.relation}`);
    return readable;
  } catch (error) {
    if (!(error as Error).message.includes(doubleMismatch)) throw error;
    return readable.fallback;
  }
}
