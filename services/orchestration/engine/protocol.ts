import { z } from "zod";
import type { QueryResult } from "../results/query-result.ts";
import type { FileProblem } from "./files/readable.ts";
import type { ReadingSettings } from "./reading-settings.ts";
import { type FoundColumn, foundSchema, type Preparation, preparationSchema } from "./preparation.ts";

export type TypedColumn = { readonly name: string; readonly dataType: string };

/** How a Parquet file is read: all of its columns as they are, or those whose expressions over them are given. */
export type Reading = { readonly format: "parquet"; readonly columns?: readonly ExtractColumn[] | undefined };

/** Rows of a source as PostgreSQL's COPY writes them in format csv, with `\\N` for what is missing, or in format binary. */
export type CopyReading = {
  readonly format: "copy";
  readonly encoding: "csv" | "binary";
  readonly columns: readonly TypedColumn[];
};

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

/** Row groups of a Parquet file, counted from 0, up to but without the last one, and their rows. */
export type GroupCut = { readonly groups: RowRange; readonly rows: RowRange };

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
  | {
      /** Reads all of a file, whatever its format, and writes it as Parquet unless it is that. */
      readonly kind: "prepareFile";
      readonly settings: ReadingSettings;
      /** Whether types may be taken that only reading proves; a wrong one is the failure `wrongGuess`. */
      readonly isGuessing: boolean;
      /** Path of the named pipe that is written. */
      readonly outputPath: string;
    }
  | {
      /** Reads all of a file, and answers what was found and its first rows. */
      readonly kind: "preview";
      readonly settings: ReadingSettings;
      readonly maxRows: number;
    }
  | {
      /** Answers what is known of each of some cuts of a Parquet file. */
      readonly kind: "statistics";
      readonly cuts: readonly GroupCut[];
      readonly columns: readonly TypedColumn[];
    }
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

/** What a process is sent: a task, or before its first one what to be ready for. */
export type Order = Task | { readonly kind: "prepare"; readonly memoryBytes: number };

/** What was found out of a file, and its first rows. */
export type FilePreview = {
  readonly found: ReadingSettings;
  readonly columns: readonly FoundColumn[];
  readonly rowCount: number;
  readonly problems: readonly FileProblem[];
  /** Spelled as a query's. */
  readonly rows: QueryResult["rows"];
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
  "wrongGuess",
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
  | { readonly kind: "prepared"; readonly preparation: Preparation }
  | { readonly kind: "previewed"; readonly preview: FilePreview }
  | { readonly kind: "statistics"; readonly cuts: readonly (readonly ColumnStats[])[] }
  | { readonly kind: "queried"; readonly result: QueryResult }
  | { readonly kind: "extracted"; readonly extraction: Extraction }
  | { readonly kind: "written"; readonly result: WrittenResult }
  | { readonly kind: "failed"; readonly failure: FailureKind; readonly message: string };

const typedColumns = z.array(z.object({ name: z.string(), dataType: z.string() }));

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
  z.object({ kind: z.literal("prepared"), preparation: preparationSchema }),
  z.object({
    kind: z.literal("previewed"),
    preview: foundSchema.extend({ rows: z.custom(isRows) }),
  }),
  z.object({ kind: z.literal("statistics"), cuts: z.array(z.array(columnStats)) }),
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
