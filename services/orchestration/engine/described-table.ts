import { z } from "zod";

/** A table or view of a database file. */
export type StoredTable = { readonly schemaName: string; readonly name: string };

/** A table of a database file. */
export type DescribedTable = StoredTable & {
  readonly columns: readonly DescribedColumn[];
  /** Undefined for a view, and if nobody asked. */
  readonly rowCount?: number | undefined;
  /** All row ids are below; undefined if the rows have none. */
  readonly rowIdEnd?: number | undefined;
  /** Whether it has the same rows each time it is read. */
  readonly isRepeatable: boolean;
};

export type DescribedColumn = {
  readonly name: string;
  readonly dataType: string;
  readonly nullable: boolean;
  /** How it is written; undefined if it can't be, and if nobody asked. */
  readonly written?: { readonly dataType: string; readonly expression: string } | undefined;
};

const count = z.int().nonnegative();

/** Replies are validated, because their processes read untrusted files. */
export const describedTable: z.ZodType<DescribedTable> = z.object({
  schemaName: z.string(),
  name: z.string(),
  columns: z.array(
    z.object({
      name: z.string(),
      dataType: z.string(),
      nullable: z.boolean(),
      written: z.object({ dataType: z.string(), expression: z.string() }).optional(),
    }),
  ),
  rowCount: count.optional(),
  rowIdEnd: count.optional(),
  isRepeatable: z.boolean(),
});
