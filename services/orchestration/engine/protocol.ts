import { z } from "zod";
import type { QueryResult } from "../results/query-result.ts";
import {
  type CatalogPlan,
  type CatalogTable,
  catalogPlanSchema,
  type FilledTable,
  type StatementTable,
  statementTablesSchema,
} from "./catalog-statement.ts";
import { type DescribedTable, describedTable, type StoredTable } from "./described-table.ts";
import type { FileProblem } from "./preparation.ts";
import { type FoundColumn, foundSchema, type Preparation, preparationSchema } from "./preparation.ts";
import type { ExtractColumn, Reading, TypedColumn } from "./reading.ts";
import type { ReadingSettings } from "./reading-settings.ts";

export type { ExtractColumn, Reading, TypedColumn };

/** How a table of a database file is read: a range of row ids, or all of it. */
export type TableReading = StoredTable & {
  readonly format: "table";
  readonly rowIds: { readonly from: number; readonly to: number } | undefined;
};

/** Rows of PostgreSQL's COPY: CSV with `\\N` for null, or binary. */
export type CopyReading = {
  readonly format: "copy";
  readonly encoding: "csv" | "binary";
  readonly columns: readonly TypedColumn[];
};

export type ExtractFormat = "parquet" | "csv";

export type ResultFormat = "ndjson" | "csv" | "parquet" | "arrow";

/** The rows of a result: of a statement over a file or tables of the catalog, or copied from a source through a pipe. */
export type ResultRows =
  | {
      readonly kind: "statement";
      readonly reading: Reading;
      readonly tableName: string;
      readonly sql: string;
    }
  | { readonly kind: "database"; readonly sql: string }
  | { readonly kind: "catalog"; readonly tables: readonly FilledTable[]; readonly sql: string }
  | {
      readonly kind: "copy";
      readonly reading: CopyReading;
      /** `expression` is DuckDB's SQL over the columns of `reading`. */
      readonly columns: readonly (ExtractColumn & { readonly dataType: string })[];
    };

/** Rows counted from 0; `to` is exclusive. */
export type RowRange = { readonly from: number; readonly to: number };

/** Row groups of a Parquet file and the rows in them, counted from 0; `to` is exclusive. */
export type GroupCut = { readonly groups: RowRange; readonly rows: RowRange };

/** A task of the engine, most of them on one file. */
export type Task = {
  /** Path of the file that the SQL of the task may read; empty without one. */
  readonly path: string;
  /** Paths of further files that it may read. Default: none. */
  readonly inputPaths?: readonly string[] | undefined;
  /** Display name of the file; messages contain it instead of the path. */
  readonly fileName: string;
  /** Spill folder of the task. */
  readonly spillDirectory: string;
  /** Memory limit of the process, in bytes. */
  readonly memoryBytes: number;
} & (
  | {
      /** Reads all of a file of any format and writes it as Parquet, unless it is Parquet. */
      readonly kind: "prepareFile";
      readonly settings: ReadingSettings;
      /** Whether to try types that only reading the file confirms; a wrong one fails as `wrongGuess`. */
      readonly isGuessing: boolean;
      /** Named pipe for the output. */
      readonly outputPath: string;
    }
  | {
      /** Reads all of a file and returns its detected columns and first rows. */
      readonly kind: "preview";
      readonly settings: ReadingSettings;
      readonly maxRows: number;
    }
  | {
      /** Reads column statistics of parts of a Parquet file. */
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
      /** Describes the tables of a database file: all of them, or some as they are written. */
      readonly kind: "tables";
      readonly tables: readonly StoredTable[] | undefined;
    }
  | {
      /** Runs a statement over the tables of a database file. */
      readonly kind: "queryDatabase";
      readonly sql: string;
      readonly maxRows: number;
    }
  | {
      /** Names the tables of a statement over the catalog. */
      readonly kind: "tableNames";
      readonly sql: string;
    }
  | {
      /** Checks a statement over tables of the catalog, and finds what it needs of each. */
      readonly kind: "planCatalog";
      readonly sql: string;
      readonly tables: readonly CatalogTable[];
      /** Undefined means all rows. */
      readonly maxRows: number | undefined;
    }
  | {
      readonly kind: "queryCatalog";
      readonly sql: string;
      readonly tables: readonly FilledTable[];
      readonly maxRows: number;
    }
  | {
      readonly kind: "extract";
      readonly reading: Reading | CopyReading | TableReading;
      /** Undefined means all rows. */
      readonly rows: RowRange | undefined;
      /** Estimated size of an input row, in bytes; not used for COPY. */
      readonly rowBytes: number;
      readonly columns: readonly ExtractColumn[];
      readonly format: ExtractFormat;
      /** File or named pipe for the output. */
      readonly outputPath: string;
    }
  | {
      readonly kind: "write";
      readonly rows: ResultRows;
      /** Undefined means all rows. */
      readonly maxRows: number | undefined;
      readonly format: ResultFormat;
      /** File for the output. */
      readonly outputPath: string;
    }
);

/** A message to a process: a task, or the bounds of the first one so that it can prepare. */
export type EngineRequest = Task | { readonly kind: "prepare"; readonly memoryBytes: number };

/** Detected columns of a file and its first rows. */
export type FilePreview = {
  readonly found: ReadingSettings;
  readonly columns: readonly FoundColumn[];
  readonly rowCount: number;
  readonly problems: readonly FileProblem[];
  /** Encoded like the rows of a query. */
  readonly rows: QueryResult["rows"];
};

/** Statistics of a column of an extract. */
export type ColumnStats = {
  readonly name: string;
  readonly nullCount: number;
  /** Undefined when all values are null or the bound is unknown. */
  readonly min: string | undefined;
  readonly max: string | undefined;
};

export type Extraction = {
  readonly rowCount: number;
  readonly columns: readonly ColumnStats[];
};

export type WrittenResult = {
  readonly columns: readonly TypedColumn[];
  readonly rowCount: number;
  /** Whether rows were left out. */
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
  | {
      readonly kind: "queried";
      readonly result: QueryResult;
      /** Whether the statement has the same result each time it runs on the same file. */
      readonly isRepeatable: boolean;
    }
  | {
      readonly kind: "tables";
      /** Version of the format, for people. */
      readonly version: string;
      readonly tables: readonly DescribedTable[];
    }
  | { readonly kind: "tablesNamed"; readonly tables: readonly StatementTable[] }
  | { readonly kind: "catalogPlanned"; readonly plan: CatalogPlan }
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

/** Values need no check: they were parsed from JSON. */
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
    isRepeatable: z.boolean(),
    result: z.object({
      columns: typedColumns,
      rows: z.custom(isRows),
      truncated: z.boolean(),
    }),
  }),
  z.object({ kind: z.literal("tablesNamed"), tables: statementTablesSchema }),
  z.object({ kind: z.literal("catalogPlanned"), plan: catalogPlanSchema }),
  z.object({
    kind: z.literal("tables"),
    version: z.string().max(100),
    tables: z.array(describedTable),
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

/** Validates a reply: native code that read an untrusted file may have sent anything. */
export const toReply = (message: unknown): Reply => replySchema.parse(message) as Reply;
