import type { FileProblem } from "../preparation.ts";
import type { ReadingSettings } from "../reading-settings.ts";

/** A readable column: `expression` is DuckDB's SQL over the relation. */
export type ReadableColumn = {
  readonly name: string;
  /** DuckDB's name of the type, in which every value of the file is exact. */
  readonly dataType: string;
  readonly nullable: boolean;
  /** Nulls counted by the scan; undefined if the format has no scan. */
  readonly nullCount?: number | undefined;
  readonly expression: string;
  /** Notation of its values in the file, such as `%d.%m.%Y` or `TRUE/FALSE`. */
  readonly form?: string | undefined;
  /** Why no narrower type is exact, as text for users; undefined if obvious. */
  readonly note?: string | undefined;
};

/** A file whose settings and types were detected from all of it. */
export type Readable = {
  /** Every setting that applies to the format, given or detected. */
  readonly found: ReadingSettings;
  /** DuckDB's table function over `paths`. */
  readonly relation: string;
  /** Paths that the relation reads, relative to the task's folder. */
  readonly paths: readonly string[];
  readonly columns: readonly ReadableColumn[];
  readonly rowCount: number;
  /** Estimated memory of a row, in bytes. */
  readonly rowBytes: number;
  /** At most 100. */
  readonly problems: readonly FileProblem[];
  /** The fallback if an expression fails with `doubleMismatch`: a type was tried that only reading confirms. */
  readonly fallback?: Readable | undefined;
};

/** Input of the text formats: uncompressed UTF-8. */
export type PlainInput = {
  /** Path relative to the task's folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Display name of the file. */
  readonly fileName: string;
  readonly found: Pick<ReadingSettings, "compression" | "encoding">;
};
