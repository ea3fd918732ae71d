import { and, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { enterNamespace } from "../lib/database/namespace-gate.ts";
import { insertedRow, ofRevision } from "../lib/database/rows.ts";
import { everywhere, ownerIn, within } from "../lib/database/scope.ts";
import { idField, nameField, textField, timeField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { closedNamespaces, sources } from "./schema.ts";

export type SourceRow = typeof sources.$inferSelect;
export type NewSource = Pick<SourceRow, "sourceId" | "namespace" | "displayName" | "connector" | "settings">;
export type SourceChange = Partial<Pick<SourceRow, "displayName" | "settings">>;

const its = (scope: Scope, sourceId: string) => and(within(scope, sources), eq(sources.sourceId, sourceId));

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

const sourceList = listOf({
  table: sources,
  key: idField(sources.sourceId),
  orderable: { create_time: timeField(sources.createTime), display_name: textField(sources.displayName) },
  filterable: {
    display_name: nameField(sources.displayName),
    connector: textField(sources.connector),
    create_time: timeField(sources.createTime),
    update_time: timeField(sources.updateTime),
  },
});

/** A page of sources. An empty `connector` selects every connector. */
export function listSources(
  db: Db,
  scope: Scope,
  request: ListRequest,
  connector: string,
): Promise<Page<SourceRow>> {
  const where = and(within(scope, sources), connector === "" ? undefined : eq(sources.connector, connector));
  return sourceList.read(db, request, where);
}

/** The sources with these ids; unknown ids are skipped. */
export const listSourcesById = (db: Db, scope: Scope, sourceIds: readonly string[]): Promise<SourceRow[]> =>
  db
    .select()
    .from(sources)
    .where(and(within(scope, sources), inArray(sources.sourceId, [...sourceIds])));

/** Every source of an organisation. Takes no scope: background work has no caller. */
export const listSourcesOfOrg = (db: Db, orgId: string): Promise<SourceRow[]> =>
  db
    .select()
    .from(sources)
    .where(within(everywhere({ orgId }), sources));

/** Inserts a source. NotFound for a namespace that is closed or outside of the scope. */
export async function insertSource(tx: Db, scope: Scope, source: NewSource): Promise<SourceRow> {
  const owner = ownerIn(scope, source.namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const rows = await tx
    .insert(sources)
    .values({ ...source, ...owner })
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

/** Moves a source to a namespace of the scope. Undefined if no row matches. Its tables are moved apart. */
export async function moveSource(
  tx: Db,
  scope: Scope,
  sourceId: string,
  revision: number | undefined,
  namespace: string,
): Promise<SourceRow | undefined> {
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  const [row] = await tx
    .update(sources)
    .set({ ...owner, revision: sql`${sources.revision} + 1`, updateTime: sql`now()` })
    .where(and(its(scope, sourceId), ofRevision(sources.revision, revision)))
    .returning();
  return row;
}

/** Deletes a source and its tables. Returns false if there was none. */
export async function deleteSource(db: Db, scope: Scope, sourceId: string): Promise<boolean> {
  const rows = await db.delete(sources).where(its(scope, sourceId)).returning({ sourceId: sources.sourceId });
  return rows.length > 0;
}
