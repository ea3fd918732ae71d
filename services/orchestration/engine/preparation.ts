import { z } from "zod";
import type { FileProblem } from "./files/readable.ts";
import { type ReadingSettings, readingSettings } from "./reading-settings.ts";

/** A column of a file, as it is found. */
export type FoundColumn = {
  readonly name: string;
  /** Type as DuckDB names it. */
  readonly dataType: string;
  readonly nullable: boolean;
  /** How its values are written in the file where there are several ways. */
  readonly form?: string | undefined;
  /** Why no narrower type keeps its values, for people. */
  readonly note?: string | undefined;
};

/** A column of a Parquet file that is read as it is: `expression` is DuckDB's SQL for its values. */
export type PreparedColumn = FoundColumn & { readonly expression: string };

/** What is known of a file after reading all of it. */
export type Preparation = {
  readonly found: ReadingSettings;
  readonly columns: readonly PreparedColumn[];
  readonly rowCount: number;
  /** What a row takes in memory, about, in bytes. */
  readonly rowBytes: number;
  readonly problems: readonly FileProblem[];
  /** Whether Parquet was written; otherwise the file itself is Parquet, and is what is read. */
  readonly written: boolean;
};

/** Problems of one file that are kept. */
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

/** Replies of processes that read strangers' files are checked by these. */
export const preparationSchema: z.ZodType<Preparation> = z.object({
  ...found,
  columns: z.array(foundColumn.extend({ expression: z.string() })),
  rowBytes: z.number().nonnegative(),
  written: z.boolean(),
});

export const foundSchema = z.object({ ...found, columns: z.array(foundColumn) });
