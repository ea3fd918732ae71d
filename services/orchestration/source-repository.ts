import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow, ofRevision } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { sources } from "./schema.ts";

export type SourceRow = typeof sources.$inferSelect;
export type NewSource = Pick<SourceRow, "sourceId" | "displayName" | "connector" | "settings">;
export type SourceChange = Partial<Pick<SourceRow, "displayName" | "settings">>;

const its = (scope: Scope, sourceId: string) =>
  and(eq(sources.orgId, scope.orgId), eq(sources.sourceId, sourceId));

/** Name of the unique constraint on display names. */
export const displayNameConstraint = "sources_display_name";

export async function findSource(db: Db, scope: Scope, sourceId: string): Promise<SourceRow | undefined> {
  const [row] = await db.select().from(sources).where(its(scope, sourceId));
  return row;
}

/** Locks the source's row until the transaction ends. */
export async function findSourceForUpdate(
  db: Db,
  scope: Scope,
  sourceId: string,
): Promise<SourceRow | undefined> {
  const [row] = await db.select().from(sources).where(its(scope, sourceId)).for("update");
  return row;
}

/** A page of sources. An empty `connector` selects every connector. */
export function listSources(db: Db, scope: Scope, page: Page, connector: string): Promise<SourceRow[]> {
  const filter = and(
    eq(sources.orgId, scope.orgId),
    connector === "" ? undefined : eq(sources.connector, connector),
    fromPage(sources.sourceId, page),
  );
  return db.select().from(sources).where(filter).orderBy(asc(sources.sourceId)).limit(page.limit);
}

/** Every source of an organisation. Takes no scope: background work has no caller. */
export const listSourcesOfOrg = (db: Db, orgId: string): Promise<SourceRow[]> =>
  db.select().from(sources).where(eq(sources.orgId, orgId));

export async function insertSource(db: Db, scope: Scope, source: NewSource): Promise<SourceRow> {
  const rows = await db
    .insert(sources)
    .values({ ...source, orgId: scope.orgId })
    .returning();
  return insertedRow(rows);
}

/** Updates a source. Returns undefined if its revision is not `revision`; undefined matches any. */
export async function updateSource(
  db: Db,
  scope: Scope,
  sourceId: string,
  revision: number | undefined,
  change: SourceChange,
): Promise<SourceRow | undefined> {
  const [row] = await db
    .update(sources)
    .set({ ...change, revision: sql`${sources.revision} + 1`, updateTime: sql`now()` })
    .where(and(its(scope, sourceId), ofRevision(sources.revision, revision)))
    .returning();
  return row;
}

/** Deletes a source and its tables. Returns false if there was none. */
export async function deleteSource(db: Db, scope: Scope, sourceId: string): Promise<boolean> {
  const rows = await db.delete(sources).where(its(scope, sourceId)).returning({ sourceId: sources.sourceId });
  return rows.length > 0;
}
