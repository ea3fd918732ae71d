import { z } from "zod";
import type { Reading, TypedColumn } from "./reading.ts";
import { predicateSchema } from "./row-filter.ts";

/** A table as a statement names it. Parts that it leaves out are empty. */
export type StatementTable = { readonly catalog: string; readonly schema: string; readonly name: string };

/** A table of the catalog under the name that the statement has for it. */
export type CatalogTable = { readonly name: StatementTable; readonly columns: readonly TypedColumn[] };

/** A table with its rows, in Parquet files. */
export type FilledTable = CatalogTable & {
  /** Indexes of its files among the inputs of the task. */
  readonly inputs: readonly number[];
  /** How the only file is read. Default: by the columns of `read`. */
  readonly reading?: Reading | undefined;
  /** The columns that the files have. The others are not needed, and are null. Default: all. */
  readonly read?: readonly string[] | undefined;
};

const scanSchema = z.object({
  /** Index of the table. */
  table: z.int().nonnegative(),
  columns: z.array(z.string()),
  /** Every row that the scan needs matches all of them. */
  predicates: z.array(predicateSchema).max(100).readonly(),
  /** Whether the scan needs all rows that match. */
  isComplete: z.boolean(),
  /** Number of rows that suffice, of those that the scan needs. */
  limit: z.int().nonnegative().optional(),
});

/** What a statement needs of one reference to a table. */
export type Scan = z.output<typeof scanSchema>;

const typedColumns = z.array(z.object({ name: z.string(), dataType: z.string() }));

export const catalogPlanSchema = z.object({
  columns: typedColumns,
  scans: z.array(scanSchema).max(10_000),
});

export type CatalogPlan = z.output<typeof catalogPlanSchema>;

export const statementTablesSchema = z.array(
  z.object({ catalog: z.string(), schema: z.string(), name: z.string() }),
);
