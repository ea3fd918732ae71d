import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { extname } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { DiscoveredColumn } from "../../connectors/connector.ts";
import { EngineFailure } from "../engine-failure.ts";
import type { Task, TypedColumn } from "../protocol.ts";
import { openSandbox, readRows } from "../sandbox.ts";
import { identifier, literal } from "../sql-text.ts";
import { readCsvHead } from "./csv-dialect.ts";
import type { FileFormat } from "./reading-settings.ts";

type Reading =
  | {
      readonly format: "csv";
      readonly delimiter: string;
      readonly header: boolean;
      readonly columns: readonly TypedColumn[];
      readonly dateFormat: string | undefined;
      readonly timestampFormat: string | undefined;
    }
  | { readonly format: "json" | "ndjson"; readonly columns: readonly TypedColumn[] }
  | { readonly format: "parquet" };

type Inspection = {
  readonly reading: Reading;
  readonly columns: readonly DiscoveredColumn[];
  readonly rowCount: number;
};

const strictCsv = (delimiter: string): string =>
  `delim = ${literal(delimiter)}, quote = '"', escape = '"', comment = '', skip = 0, ` +
  "strict_mode = true, null_padding = false, ignore_errors = false";

const strictJson = (format: "json" | "ndjson"): string =>
  `format = '${format === "json" ? "auto" : "newline_delimited"}', ignore_errors = false`;

export function readerOf(path: string, reading: Reading): string {
  const file = literal(path);
  switch (reading.format) {
    case "csv":
      return (
        `read_csv(${file}, auto_detect = false, ${strictCsv(reading.delimiter)}, header = ${reading.header}, ` +
        `columns = ${struct(reading.columns)}${dateFormats(reading)})`
      );
    case "json":
    case "ndjson":
      return `read_json(${file}, auto_detect = false, ${strictJson(reading.format)}, columns = ${struct(reading.columns)})`;
    case "parquet":
      return `read_parquet(${file})`;
  }
}

const struct = (columns: readonly TypedColumn[]): string =>
  `{${columns.map(({ name, dataType }) => `${literal(name)}: ${literal(dataType)}`).join(", ")}}`;

const dateFormats = ({ dateFormat, timestampFormat }: Reading & { format: "csv" }): string =>
  (dateFormat ? `, dateformat = ${literal(dateFormat)}` : "") +
  (timestampFormat ? `, timestampformat = ${literal(timestampFormat)}` : "");

/** How much of a file is looked at to tell its format and its delimiter. */
const beginningBytes = 64 * 1024;

const formatByExtension: Readonly<Record<string, FileFormat>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "csv",
  ".json": "json",
  ".geojson": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".parquet": "parquet",
  ".pq": "parquet",
};

/** Reads a file from end to end: how it is read, its columns, how many rows. What is damaged in it is found here. */
export async function inspectFile(
  task: Pick<Task, "path" | "fileName" | "spillDirectory" | "memoryBytes"> & {
    format: FileFormat | undefined;
  },
): Promise<Inspection> {
  const beginning = await readBeginning(task.path);
  if (beginning.toString().trim() === "") throw new EngineFailure("sourceDataInvalid", "the file is empty");
  const format = task.format ?? formatByExtension[extname(task.fileName).toLowerCase()] ?? guess(beginning);
  const connection = await openSandbox(task, async () => {});
  try {
    const inspected = await inspectAs(connection, task.path, format, beginning);
    if (inspected.columns.length === 0) {
      throw new EngineFailure("sourceDataInvalid", "the file has no columns");
    }
    return inspected;
  } finally {
    // The process goes on to the next task.
    connection.closeSync();
  }
}

async function readBeginning(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
  return buffer.subarray(0, bytesRead);
}

function guess(beginning: Buffer): FileFormat {
  if (beginning.toString("latin1", 0, 4) === "PAR1") return "parquet";
  if (/^\uFEFF?\s*[[{]/.test(beginning.toString())) return "json";
  // The last character may be cut.
  const isText = [0, 1, 2, 3].some((cut) => isUtf8(beginning.subarray(0, beginning.length - cut)));
  if (isText && !beginning.includes(0)) return "csv";
  throw new EngineFailure(
    "sourceDataInvalid",
    "its format is not known: name it csv, json, ndjson or parquet in the source's settings.format",
  );
}

async function inspectAs(
  connection: DuckDBConnection,
  path: string,
  format: FileFormat,
  beginning: Buffer,
): Promise<Inspection> {
  switch (format) {
    case "csv":
      return inspectCsv(connection, path, beginning);
    case "json":
    case "ndjson":
      return inspectJson(connection, path, format);
    case "parquet":
      return readThrough(connection, path, { format });
  }
}

async function inspectCsv(
  connection: DuckDBConnection,
  path: string,
  beginning: Buffer,
): Promise<Inspection> {
  const head = readCsvHead(beginning.toString());
  const sniff = (sample: string) => sniffCsv(connection, path, head.delimiter, sample);
  const sniffed = await sniff("").catch(async (error) => {
    // Why no types were found is said by the reader, with the line: each field as text.
    const names = Array.from({ length: head.fieldCount }, (_, index) => `column${index}`);
    await readThrough(connection, path, csvOfText(head.delimiter, names));
    throw error;
  });
  try {
    return await readThrough(connection, path, sniffed);
  } catch (error) {
    // The types of the first rows do not hold for all: now all rows are looked at for types.
    if (!/^Conversion Error/.test((error as Error).message)) throw error;
    return readThrough(connection, path, await sniff(", sample_size = -1"));
  }
}

/** All of the file is looked at for names and types: what stands in no column would be left out without a word. */
async function inspectJson(
  connection: DuckDBConnection,
  path: string,
  format: "json" | "ndjson",
): Promise<Inspection> {
  const columns = await describe(
    connection,
    `read_json(${literal(path)}, ${strictJson(format)}, sample_size = -1)`,
  );
  // Where some numbers are negative and others are not, DuckDB takes a type of 128 bits that hardly anybody needs.
  const narrow = columns.map((column) => ({
    ...column,
    dataType: column.dataType.replaceAll("HUGEINT", "BIGINT"),
  }));
  try {
    return await readThrough(connection, path, { format, columns: narrow });
  } catch (error) {
    if (!/JSON transform error/.test((error as Error).message)) throw error;
    return readThrough(connection, path, { format, columns });
  }
}

async function sniffCsv(
  connection: DuckDBConnection,
  path: string,
  delimiter: string,
  sample: string,
): Promise<Reading & { format: "csv" }> {
  const [found] = await readRows(
    connection,
    `FROM sniff_csv(${literal(path)}, ${strictCsv(delimiter)}${sample})`,
  );
  const columns = found?.Columns as { name: string; type: string }[];
  return {
    format: "csv",
    delimiter,
    header: found?.HasHeader as boolean,
    columns: columns.map(({ name, type }) => ({ name, dataType: type })),
    dateFormat: (found?.DateFormat as string | null) ?? undefined,
    timestampFormat: (found?.TimestampFormat as string | null) ?? undefined,
  };
}

const csvOfText = (delimiter: string, names: string[]): Reading => ({
  format: "csv",
  delimiter,
  header: true,
  columns: names.map((name) => ({ name, dataType: "VARCHAR" })),
  dateFormat: undefined,
  timestampFormat: undefined,
});

async function readThrough(
  connection: DuckDBConnection,
  path: string,
  reading: Reading,
): Promise<Inspection> {
  const reader = readerOf(path, reading);
  const columns = await describe(connection, reader);
  // Counting rows alone would skip the values; a Parquet file has its count in its foot.
  const values = reading.format === "parquet" ? [] : columns.map(({ name }) => `count(${identifier(name)})`);
  const [counted] = await readRows(
    connection,
    `SELECT ${["count(*) AS rows", ...values].join(", ")} FROM ${reader}`,
  );
  return { reading, columns, rowCount: Number(counted?.rows) };
}

async function describe(connection: DuckDBConnection, reader: string): Promise<DiscoveredColumn[]> {
  const described = await readRows(connection, `DESCRIBE FROM ${reader}`);
  return described.map(({ column_name, column_type, null: nullable }) => ({
    name: column_name as string,
    dataType: column_type as string,
    nullable: nullable === "YES",
  }));
}
