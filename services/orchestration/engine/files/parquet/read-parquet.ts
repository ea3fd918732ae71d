import { type FileHandle, open } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { toEngineFailure } from "../../database/duckdb-error.ts";
import { readRows } from "../../database/sandbox.ts";
import { EngineFailure } from "../../engine-failure.ts";
import { magic, readExactly, tailBytes } from "../../parquet/footer.ts";
import { MalformedFooterError } from "../../parquet/thrift/read-struct.ts";
import type { FileProblem } from "../../preparation.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { identifier, literal } from "../../sql-text.ts";
import { normalName } from "../../work-file-names.ts";
import type { ColumnOverride } from "../columns/column-override.ts";
import { findMisfits } from "../columns/find-misfits.ts";
import { nameTable, overridesOf } from "../columns/name-table.ts";
import type { Readable, ReadableColumn } from "../readable.ts";
import { type ColumnChunk, findDamage } from "./check-pages.ts";
import { checkSchema, patchesOf } from "./check-schema.ts";
import { readParts } from "./chunks.ts";
import { detectReading, type NanosecondReading } from "./nanoseconds.ts";
import { toParquet } from "./parquet-type.ts";
import { copyPatched } from "./patch-footer.ts";
import { readSchema, type SchemaNode } from "./schema.ts";

/** Longest footer that is read; 10,000 columns in 1,000 row groups need less. */
const footerBytesMax = 1024 ** 3;
/** Assumed ratio of memory to file size. */
const compressionRatio = 8;

type Input = { readonly path: string; readonly settings: ReadingSettings };

/** Checks all of a Parquet file and detects how DuckDB reads every value exactly. Fails with EngineFailure. */
export async function readParquet(
  { path, settings }: Input,
  connection: DuckDBConnection,
): Promise<Readable> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const footer = await readFooterBytes(file, size);
    const { columns, isEncrypted } = readSchema(footer);
    if (isEncrypted) throw invalid("it is encrypted: write it without");
    if (columns.length === 0) throw invalid("the file has no columns");
    const names = nameTable(
      columns.map(({ name }) => name),
      settings,
    );
    checkSchema(columns);
    const { rowCount, chunks } = readParts(footer, columns, size - tailBytes - footer.length);
    await checkPages(file, chunks);
    const described = await describe(connection, path, columns.length);
    const nullCounts = await readAll(connection, path, { described, names, rowCount });
    const special = await readNanoseconds(connection, path, footer, { columns, names });
    const source = special.size > 0 ? normalName : path;
    const readings = described.map(
      (column, index) => special.get(index) ?? (special.size > 0 ? written(column) : unchanged(column)),
    );
    const overrides = overridesOf(names, settings);
    return {
      found: { ...settings, format: "parquet" },
      relation: relationOf(source),
      paths: [source],
      columns: readings.map((reading, index) => {
        const name = names[index] ?? "";
        const nullCount = nullCounts[index] ?? 0;
        return { name, nullable: true, nullCount, ...withOverride(reading, overrides.get(name)) };
      }),
      rowCount,
      rowBytes: (size / Math.max(1, rowCount)) * compressionRatio,
      problems: await findColumnMisfits(connection, relationOf(source), { names, readings, overrides }),
    };
  } catch (error) {
    throw error instanceof MalformedFooterError ? invalid(`it is damaged: ${error.message}`) : error;
  }
}

type Reading = Pick<ReadableColumn, "dataType" | "expression" | "note">;

const unchanged = ({ duckName, dataType }: Described): Reading => ({
  dataType,
  expression: identifier(duckName),
});
/** The column in a file that is written from the patched copy. */
const written = ({ duckName, dataType }: Described): Reading => toParquet({ name: duckName, dataType });

const textOf = (reading: Reading): string => `CAST(${reading.expression} AS VARCHAR)`;

const withOverride = (reading: Reading, override: ColumnOverride | undefined): Reading =>
  override
    ? {
        dataType: override.dataType,
        expression: override.value(textOf(reading)),
        note: "as settings.columnTypes says",
      }
    : reading;

type Overridden = {
  readonly names: readonly string[];
  readonly readings: readonly Reading[];
  readonly overrides: ReadonlyMap<string, ColumnOverride>;
};

function findColumnMisfits(
  connection: DuckDBConnection,
  relation: string,
  { names, readings, overrides }: Overridden,
): Promise<FileProblem[]> {
  const columnSql = (column: number) => textOf(readings[column] ?? { dataType: "", expression: "NULL" });
  const byColumn = new Map(
    names.flatMap((name, column) => {
      const override = overrides.get(name);
      return override ? [[column, override] as const] : [];
    }),
  );
  return findMisfits(connection, { names, relation, columnSql, lineOfRow: undefined }, byColumn);
}

const relationOf = (path: string): string => `read_parquet(${literal(path)})`;

async function readFooterBytes(file: FileHandle, size: number): Promise<Buffer> {
  if (size < magic.length + tailBytes) throw invalid("it is cut off: it does not end as a Parquet file does");
  const tail = await readExactly(file, size - tailBytes, tailBytes);
  const end = tail.toString("latin1", 4);
  if (end === "PARE") throw invalid("it is encrypted: write it without");
  if (end !== "PAR1") throw invalid("it is cut off: it does not end as a Parquet file does");
  const length = tail.readUInt32LE(0);
  const from = size - tailBytes - length;
  if (from < magic.length) throw invalid("it is damaged: its footer is longer than the file");
  if (length > footerBytesMax) throw invalid("its footer has more than 1 GiB");
  return readExactly(file, from, length);
}

async function checkPages(file: FileHandle, chunks: readonly ColumnChunk[]): Promise<void> {
  const damaged = await findDamage(file, chunks);
  if (damaged !== undefined) {
    throw invalid(
      `it is damaged: the checksum of a page of column ${JSON.stringify(damaged)} is not that of its bytes`,
    );
  }
}

type Described = { readonly duckName: string; readonly dataType: string };

async function describe(connection: DuckDBConnection, path: string, count: number): Promise<Described[]> {
  const rows = await readRows(connection, `DESCRIBE FROM ${relationOf(path)}`);
  if (rows.length !== count)
    throw invalid("it is damaged: its schema has other columns than its footer says");
  return rows.map(({ column_name, column_type }) => ({
    duckName: column_name as string,
    dataType: column_type as string,
  }));
}

type Found = {
  readonly described: readonly Described[];
  readonly names: readonly string[];
  readonly rowCount: number;
};

/** Columns per statement. Each takes memory for its part of the statement. */
const columnsAtOnce = 1000;

/** Reads every value and returns the nulls per column. */
async function readAll(
  connection: DuckDBConnection,
  path: string,
  { described, names, rowCount }: Found,
): Promise<number[]> {
  const nullCounts: number[] = [];
  for (let from = 0; from < described.length; from += columnsAtOnce) {
    const columns = described.slice(from, from + columnsAtOnce);
    const counted = await countValues(connection, path, columns).catch(async (error) => {
      if (toEngineFailure(error, "sourceDataInvalid").kind === "memory") throw error;
      for (const [index, column] of columns.entries()) {
        await countValues(connection, path, [column]).catch((cause) => {
          throw unreadable(names[from + index] ?? "", cause);
        });
      }
      throw error;
    });
    if (counted.rowCount !== rowCount)
      throw invalid("it is damaged: it has another number of rows than its footer says");
    nullCounts.push(...counted.valueCounts.map((count) => rowCount - count));
  }
  return nullCounts;
}

async function countValues(connection: DuckDBConnection, path: string, columns: readonly Described[]) {
  // count() alone would be answered from statistics; the hash forces a read.
  const counts = columns.flatMap(({ duckName }, index) => [
    `count(${identifier(duckName)}) AS n${index}`,
    `bit_xor(hash(${identifier(duckName)})) AS h${index}`,
  ]);
  const [row] = await readRows(
    connection,
    `SELECT ${counts.join(", ")}, count(*) AS rows FROM ${relationOf(path)}`,
  );
  return {
    rowCount: Number(row?.rows),
    valueCounts: columns.map((_, index) => Number(row?.[`n${index}`])),
  };
}

function unreadable(name: string, cause: unknown): EngineFailure {
  const column = `column ${JSON.stringify(name)}`;
  const text = (cause as Error).message;
  const value = /Invalid string encoding found .*: value "(.{0,40})/s.exec(text)?.[1];
  if (value !== undefined) return invalid(`${column} has a text that is not UTF-8: ${value.split('"')[0]}`);
  return new EngineFailure(
    toEngineFailure(cause, "sourceDataInvalid").kind,
    `${column} is damaged: its values can't be read`,
  );
}

async function readNanoseconds(
  connection: DuckDBConnection,
  path: string,
  footer: Buffer,
  { columns, names }: { columns: readonly SchemaNode[]; names: readonly string[] },
): Promise<Map<number, NanosecondReading>> {
  const special = new Map<number, NanosecondReading>();
  const patches = patchesOf(columns);
  if (patches.size === 0) return special;
  await copyPatched(path, normalName, footer, patches);
  const described = await describe(connection, normalName, columns.length);
  for (const [index, { index: elementIndex }] of columns.entries()) {
    const patch = patches.get(elementIndex);
    if (!patch) continue;
    const column = { name: names[index] ?? "", value: identifier(described[index]?.duckName ?? ""), patch };
    special.set(index, await detectReading(connection, relationOf(normalName), column));
  }
  const hasNanoseconds = [...special.values()].some((reading) => reading.hasNanoseconds);
  return hasNanoseconds ? special : new Map();
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
