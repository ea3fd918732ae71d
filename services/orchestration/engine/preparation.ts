import { z } from "zod";
import { type ReadingSettings, readingSettings } from "./reading-settings.ts";

/** A detected column of a file. */
export type FoundColumn = {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly dataType: string;
  readonly nullable: boolean;
  /** The notation of its values in the file, where several are possible. */
  readonly form?: string | undefined;
  /** Why no narrower type is exact, as text for users. */
  readonly note?: string | undefined;
};

/** A column of a Parquet file that is read without change: `expression` is DuckDB's SQL for its values. */
export type PreparedColumn = FoundColumn & { readonly expression: string };

/** A problem that the owner of a file should know about. */
export type FileProblem = {
  /** Counted from 1; undefined when the problem is not on one line. */
  readonly line?: number | undefined;
  /** Undefined when the problem is not in one column. */
  readonly column?: string | undefined;
  readonly message: string;
};

/** The result of reading all of a file. */
export type Preparation = {
  readonly found: ReadingSettings;
  readonly columns: readonly PreparedColumn[];
  readonly rowCount: number;
  /** Estimated memory of a row, in bytes. */
  readonly rowBytes: number;
  readonly problems: readonly FileProblem[];
  /** Whether Parquet was written. Otherwise the file itself is Parquet and is read directly. */
  readonly written: boolean;
};

/** Problems that are reported per file. */
const problemsMax = 100;

const foundColumn = z.object({
  name: z.string(),
  dataType: z.string(),
  nullable: z.boolean(),
  form: z.string().max(1000).optional(),
  note: z.string().max(10_000).optional(),
});

const count = z.int().nonnegative();

const found = {
  found: readingSettings,
  rowCount: count,
  problems: z
    .array(
      z.object({
        line: count.optional(),
        column: z.string().optional(),
        message: z.string().max(10_000),
      }),
    )
    .max(problemsMax),
};

/** Replies are validated, because their processes read untrusted files. */
export const preparationSchema: z.ZodType<Preparation> = z.object({
  ...found,
  columns: z.array(foundColumn.extend({ expression: z.string() })),
  rowBytes: z.number().nonnegative(),
  written: z.boolean(),
});

export const foundSchema = z.object({ ...found, columns: z.array(foundColumn) });
