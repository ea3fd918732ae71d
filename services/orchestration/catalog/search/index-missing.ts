import { and, asc, eq, isNull } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { tables } from "../../schema.ts";
import { tableSearch } from "../catalog-schema.ts";
import { updateDocuments } from "./document-repository.ts";

/** Tables per transaction. */
const batchRows = 500;

/**
 * Makes the tables of earlier versions findable. Takes no scope: background work has no caller. Several processes may run it at
 * once: each locks the tables that it works on, and skips those of others.
 */
export async function indexMissingTables(db: Db, stop: AbortSignal): Promise<void> {
  for (;;) {
    const count = stop.aborted ? 0 : await db.transaction(indexSome);
    if (count === 0) return;
  }
}

async function indexSome(tx: Db): Promise<number> {
  const rows = await tx
    .select({ row: tables })
    .from(tables)
    .leftJoin(tableSearch, eq(tableSearch.tableId, tables.tableId))
    .where(and(isNull(tableSearch.tableId), isNull(tables.deleteTime)))
    .orderBy(asc(tables.orgId), asc(tables.tableId))
    .limit(batchRows)
    .for("update", { of: tables, skipLocked: true });
  const [first] = rows;
  const ofOrg = rows.map(({ row }) => row).filter(({ orgId }) => orgId === first?.row.orgId);
  await updateDocuments(tx, ofOrg);
  return ofOrg.length;
}
