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

/** A column of an extract: `expression` is DuckDB's SQL over what the reading has. */
export type ExtractColumn = { readonly name: string; readonly expression: string };

/** Rows from the first one, counted from 0, up to but without the last one. */
export type RowRange = { readonly from: number; readonly to: number };

/** What an engine is to do with one file. It lives in the process of its own that one task takes. */
export type Task = {
  /** Absolute path of the only file that the statement may reach. */
  readonly path: string;
  /** What people call the file: stands in messages instead of its path. */
  readonly fileName: string;
  /** A folder of the task's own for what does not fit in memory. */
  readonly spillDirectory: string;
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
      /** Absolute path of the file or named pipe that is written. */
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

export type FailureKind =
  | "sourceDataInvalid"
  | "diskFull"
  | "sqlInvalid"
  | "statementRefused"
  | "tooLarge"
  | "internal";

export type Reply =
  | { readonly kind: "inspected"; readonly inspection: Inspection }
  | { readonly kind: "queried"; readonly result: QueryResult }
  | { readonly kind: "extracted"; readonly extraction: Extraction }
  | { readonly kind: "failed"; readonly failure: FailureKind; readonly message: string };
