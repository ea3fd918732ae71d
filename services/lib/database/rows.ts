import { eq, type SQL } from "drizzle-orm";
import type { PgColumn } from "drizzle-orm/pg-core";

/** Condition for rows of a revision; none if it is undefined. */
export const ofRevision = (column: PgColumn, revision: number | undefined): SQL | undefined =>
  revision === undefined ? undefined : eq(column, revision);

/** The row of an INSERT … RETURNING. */
export function insertedRow<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error("the insert returned no row");
  return row;
}
