import { eq, gt, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";
import type { Page } from "../rpc/paging.ts";

/** Rows of a page and those behind it, by the key that the list is ordered by. */
export const fromPage = (key: PgColumn, { after }: Page): SQL | undefined =>
  after === undefined ? undefined : gt(key, after);

/** Rows of a revision; of any where it is undefined. */
export const ofRevision = (column: PgColumn, revision: number | undefined): SQL | undefined =>
  revision === undefined ? undefined : eq(column, revision);

/** The row of an insert that returns it. */
export function insertedRow<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error("the insert returned no row");
  return row;
}
