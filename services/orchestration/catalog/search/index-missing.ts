import { and, asc, eq, inArray, isNull } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { everywhere, within } from "../../../lib/database/scope.ts";
import { tables } from "../../schema.ts";
import { tableSearch } from "../catalog-schema.ts";
import { updateDocuments } from "./document-repository.ts";

/** Tables per transaction. */
const batchRows = 500;

/**
 * Makes the tables of earlier versions findable. Takes no scope: background work has no caller. Several processes may run it at
 * once: each locks the tables that it works on, and skips those that others
 * have locked, who make them findable themselves.
 */
export async function indexMissingTables(db: Db, stop: AbortSignal): Promise<void> {
  for (;;) {
    const count = stop.aborted ? 0 : await db.transaction(indexSome);
    if (count === 0) return;
  }
}

async function indexSome(tx: Db): Promise<number> {
  const missing = await tx
    .select({ orgId: tables.orgId, tableId: tables.tableId })
    .from(tables)
    .leftJoin(tableSearch, eq(tableSearch.tableId, tables.tableId))
    .where(and(isNull(tableSearch.tableId), isNull(tables.deleteTime)))
    .orderBy(asc(tables.orgId), asc(tables.tableId))
    .limit(batchRows);
  const [first] = missing;
  if (!first) return 0;
  // Documents of one call are of one organisation.
  const ids = missing.filter(({ orgId }) => orgId === first.orgId).map(({ tableId }) => tableId);
  const rows = await tx
    .select()
    .from(tables)
    .where(and(within(everywhere(first), tables), inArray(tables.tableId, ids), isNull(tables.deleteTime)))
    .for("update", { skipLocked: true });
  await updateDocuments(tx, rows);
  return rows.length;
}
