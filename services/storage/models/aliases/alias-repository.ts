import { and, count, eq, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { insertedRow } from "../../../lib/database/rows.ts";
import { modelAliases } from "../model-schema.ts";

export type AliasRow = typeof modelAliases.$inferSelect;

// Each of these is called with a model of the caller's scope, whose row is locked.

const one = (modelId: string, alias: string) =>
  and(eq(modelAliases.modelId, modelId), eq(modelAliases.alias, alias));

export async function findAlias(db: Db, modelId: string, alias: string): Promise<AliasRow | undefined> {
  const [row] = await db.select().from(modelAliases).where(one(modelId, alias));
  return row;
}

export async function countAliases(db: Db, modelId: string): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(modelAliases)
    .where(eq(modelAliases.modelId, modelId));
  return row?.count ?? 0;
}

/** Creates or moves an alias. */
export async function putAlias(
  tx: Db,
  alias: Pick<AliasRow, "modelId" | "alias" | "version" | "userId">,
): Promise<AliasRow> {
  const { version, userId } = alias;
  const rows = await tx
    .insert(modelAliases)
    .values(alias)
    .onConflictDoUpdate({
      target: [modelAliases.modelId, modelAliases.alias],
      set: { version, userId, setTime: sql`clock_timestamp()` },
    })
    .returning();
  return insertedRow(rows);
}

/** Deletes an alias and returns its version; undefined if there is none. */
export async function deleteAlias(tx: Db, modelId: string, alias: string): Promise<number | undefined> {
  const [row] = await tx
    .delete(modelAliases)
    .where(one(modelId, alias))
    .returning({ version: modelAliases.version });
  return row?.version;
}
