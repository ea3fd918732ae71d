import type { FileProblem } from "../preparation.ts";
import type { ReadingSettings } from "../reading-settings.ts";

/** A column as it is read: `expression` is DuckDB's SQL over the relation. */
export type ReadableColumn = {
  readonly name: string;
  /** Type as DuckDB names it; every value of the file keeps its value in it. */
  readonly dataType: string;
  readonly nullable: boolean;
  /** Values that are missing, as the scan counted them; undefined where the format's own reader counts. */
  readonly nullCount?: number | undefined;
  readonly expression: string;
  /** How its values are written in the file where there are several ways, as `%d.%m.%Y` or `TRUE/FALSE`. */
  readonly form?: string | undefined;
  /** Why no narrower type keeps its values, for people; undefined where that is plain. */
  readonly note?: string | undefined;
};

/** A file whose settings and types were found out from all of it. */
export type Readable = {
  /** Every setting that matters for the format, as it was said or found. */
  readonly found: ReadingSettings;
  /** DuckDB's table function over `paths`. */
  readonly relation: string;
  /** What the relation reads: paths relative to the task's folder. */
  readonly paths: readonly string[];
  readonly columns: readonly ReadableColumn[];
  readonly rowCount: number;
  /** What a row takes in memory, about, in bytes. */
  readonly rowBytes: number;
  /** At most 100 of them. */
  readonly problems: readonly FileProblem[];
  /** What is read instead when an expression fails with `doubleMismatch`: a type was guessed that only reading proves. */
  readonly otherwise?: Readable | undefined;
};

/** A file as readers of text get it: UTF-8 without a byte order mark that matters, not compressed. */
export type PlainInput = {
  /** Path relative to the task's folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /** What people call the file. */
  readonly fileName: string;
  readonly found: Pick<ReadingSettings, "compression" | "encoding">;
};
