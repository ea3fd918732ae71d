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
);

/** What is known of a file after looking at all of it. */
export type Inspection = {
  readonly reading: Reading;
  readonly columns: readonly DiscoveredColumn[];
  readonly rowCount: number;
};

export type FailureKind = "sourceDataInvalid" | "sqlInvalid" | "statementRefused" | "tooLarge" | "internal";

export type Reply =
  | { readonly kind: "inspected"; readonly inspection: Inspection }
  | { readonly kind: "queried"; readonly result: QueryResult }
  | { readonly kind: "failed"; readonly failure: FailureKind; readonly message: string };
