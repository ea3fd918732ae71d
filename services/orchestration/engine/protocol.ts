import { z } from "zod";
import type { DiscoveredColumn, QueryResult } from "../connectors/connector.ts";

export const fileFormats = ["csv", "json", "ndjson", "parquet"] as const;
export type FileFormat = (typeof fileFormats)[number];

export type TypedColumn = { readonly name: string; readonly dataType: string };

/** How a file is read, as found by looking at all of it. */
export type Reading =
  | {
      readonly format: "csv";
      readonly delimiter: string;
      readonly header: boolean;
      readonly columns: readonly TypedColumn[];
      /** Formats of strptime, where they are not ISO 8601's. */
      readonly dateFormat: string | undefined;
      readonly timestampFormat: string | undefined;
    }
  | { readonly format: "json" | "ndjson"; readonly columns: readonly TypedColumn[] }
  | { readonly format: "parquet" };

/** Rows of a source as PostgreSQL's COPY writes them in format csv, with `\\N` for what is missing. */
export type CopyReading = { readonly format: "copy"; readonly columns: readonly TypedColumn[] };

/** How an extract is written. */
export type ExtractFormat = "parquet" | "csv";

/** How a result is written. */
export type ResultFormat = "ndjson" | "csv" | "parquet" | "arrow";

/** The rows of a result: of a statement over the file, or of a source that copies them through a pipe. */
export type ResultRows =
  | {
      readonly kind: "statement";
      readonly reading: Reading;
      readonly tableName: string;
      readonly sql: string;
    }
  | {
      readonly kind: "copy";
      readonly reading: CopyReading;
      /** `expression` is DuckDB's SQL over what the reading has. */
      readonly columns: readonly (ExtractColumn & { readonly dataType: string })[];
    };

/** A column of an extract: `expression` is DuckDB's SQL over what the reading has. */
export type ExtractColumn = { readonly name: string; readonly expression: string };

/** Rows from the first one, counted from 0, up to but without the last one. */
export type RowRange = { readonly from: number; readonly to: number };

/** What an engine is to do with one file. */
export type Task = {
  /** Path of the only file that the statement may reach. */
  readonly path: string;
  /** What people call the file: stands in messages instead of its path. */
  readonly fileName: string;
  /** A folder of the task's own for what does not fit in memory. */
  readonly spillDirectory: string;
  /** Memory of the process that does it. */
  readonly memoryBytes: number;
} & (
  | { readonly kind: "inspect"; readonly format: FileFormat | undefined }
  | {
      readonly kind: "query";
      readonly reading: Reading;
      readonly tableName: string;
      readonly sql: string;
      readonly maxRows: number;
    }
  | {
      readonly kind: "extract";
      readonly reading: Reading | CopyReading;
      /** Undefined for all rows. */
      readonly rows: RowRange | undefined;
      /** What a row takes in the input, about, in bytes; a COPY's is not known. */
      readonly rowBytes: number;
      readonly columns: readonly ExtractColumn[];
      readonly format: ExtractFormat;
      /** Path of the file or named pipe that is written. */
      readonly outputPath: string;
    }
  | {
      readonly kind: "write";
      readonly rows: ResultRows;
      /** Undefined for all rows. */
      readonly maxRows: number | undefined;
      readonly format: ResultFormat;
      /** Path of the file that is written. */
      readonly outputPath: string;
    }
);

/** What is known of a file after looking at all of it. */
export type Inspection = {
  readonly reading: Reading;
  readonly columns: readonly DiscoveredColumn[];
  readonly rowCount: number;
};

/** What is known of a column of an extract. */
export type ColumnStats = {
  readonly name: string;
  readonly nullCount: number;
  /** Undefined where there is no value, or it is not known. */
  readonly min: string | undefined;
  readonly max: string | undefined;
};

export type Extraction = {
  readonly rowCount: number;
  readonly columns: readonly ColumnStats[];
};

/** What is known of a result that was written. */
export type WrittenResult = {
  readonly columns: readonly TypedColumn[];
  readonly rowCount: number;
  /** Whether there are more rows. */
  readonly truncated: boolean;
};

const failureKinds = [
  "sourceDataInvalid",
  "diskFull",
  "sqlInvalid",
  "statementRefused",
  "tooLarge",
  "memory",
  "crashed",
  "killed",
  "internal",
] as const;
export type FailureKind = (typeof failureKinds)[number];

export type Reply =
  | { readonly kind: "inspected"; readonly inspection: Inspection }
  | { readonly kind: "queried"; readonly result: QueryResult }
  | { readonly kind: "extracted"; readonly extraction: Extraction }
  | { readonly kind: "written"; readonly result: WrittenResult }
  | { readonly kind: "failed"; readonly failure: FailureKind; readonly message: string };

const column = { name: z.string(), dataType: z.string() };
const typedColumns = z.array(z.object(column));
const discoveredColumns = z.array(z.object({ ...column, nullable: z.boolean() }));

const reading = z.discriminatedUnion("format", [
  z.object({
    format: z.literal("csv"),
    delimiter: z.string(),
    header: z.boolean(),
    columns: typedColumns,
    dateFormat: z.string().optional(),
    timestampFormat: z.string().optional(),
  }),
  z.object({ format: z.enum(["json", "ndjson"]), columns: typedColumns }),
  z.object({ format: z.literal("parquet") }),
]);

const columnStats = z.object({
  name: z.string(),
  nullCount: z.number(),
  min: z.string().optional(),
  max: z.string().optional(),
});

const rowsMax = 10_000;

/** The values came as JSON, so they are values of it. */
const isRows = (rows: unknown): boolean =>
  Array.isArray(rows) && rows.length <= rowsMax && rows.every((row) => Array.isArray(row));

const replySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("inspected"),
    inspection: z.object({ reading, columns: discoveredColumns, rowCount: z.number() }),
  }),
  z.object({
    kind: z.literal("queried"),
    result: z.object({
      columns: typedColumns,
      rows: z.custom(isRows),
      truncated: z.boolean(),
    }),
  }),
  z.object({
    kind: z.literal("extracted"),
    extraction: z.object({ rowCount: z.number(), columns: z.array(columnStats) }),
  }),
  z.object({
    kind: z.literal("written"),
    result: z.object({ columns: typedColumns, rowCount: z.int().nonnegative(), truncated: z.boolean() }),
  }),
  z.object({
    kind: z.literal("failed"),
    failure: z.enum(failureKinds),
    message: z.string().max(10_000),
  }),
]);

/** Takes a message of a process for a reply if it is one: native code that read a stranger's file may have sent it. */
export const toReply = (message: unknown): Reply => replySchema.parse(message) as Reply;
