import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { insertedRow, ofRevision } from "../../lib/database/rows.ts";
import { nameField, textField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { namespaces } from "../schema.ts";

export type NamespaceRow = typeof namespaces.$inferSelect;
export type NewNamespace = Pick<NamespaceRow, "name" | "displayName" | "description" | "properties">;
export type NamespaceChange = Partial<
  Pick<NamespaceRow, "displayName" | "description" | "properties" | "preferences" | "state">
>;

/** Namespaces in which the caller has the permission. */
function visible(scope: Scope): SQL | undefined {
  const ofOrg = eq(namespaces.orgId, scope.orgId);
  if (scope.namespaces === "all") return ofOrg;
  return and(ofOrg, inArray(namespaces.name, [...scope.namespaces]));
}

const one = (scope: Scope, name: string) => and(visible(scope), eq(namespaces.name, name));

export async function findNamespace(db: Db, scope: Scope, name: string): Promise<NamespaceRow | undefined> {
  const [row] = await db.select().from(namespaces).where(one(scope, name));
  return row;
}

const namespaceList = listOf({
  table: namespaces,
  key: textField(namespaces.name),
  orderable: { create_time: timeField(namespaces.createTime), name: textField(namespaces.name) },
  filterable: {
    name: nameField(namespaces.name),
    display_name: nameField(namespaces.displayName),
    create_time: timeField(namespaces.createTime),
    update_time: timeField(namespaces.updateTime),
  },
});

export function listNamespaces(db: Db, scope: Scope, request: ListRequest): Promise<Page<NamespaceRow>> {
  return namespaceList.read(db, request, visible(scope));
}

export async function insertNamespace(
  db: Db,
  orgId: string,
  namespace: Pick<NamespaceRow, "name"> & Partial<NewNamespace>,
): Promise<NamespaceRow> {
  return insertedRow(
    await db
      .insert(namespaces)
      .values({ ...namespace, orgId })
      .returning(),
  );
}

/** Updates a namespace with this revision (undefined: any). Undefined if no row matches. */
export async function updateNamespace(
  db: Db,
  scope: Scope,
  name: string,
  revision: number | undefined,
  change: NamespaceChange,
): Promise<NamespaceRow | undefined> {
  const [row] = await db
    .update(namespaces)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${namespaces.revision} + 1` })
    .where(and(one(scope, name), ofRevision(namespaces.revision, revision)))
    .returning();
  return row;
}

const deleting = ({ orgId, namespace }: { orgId: string; namespace: string }) =>
  and(eq(namespaces.orgId, orgId), eq(namespaces.name, namespace), eq(namespaces.state, "deleting"));

/** Namespaces of all organisations that are being deleted. */
export const listDeleting = (db: Db): Promise<NamespaceRow[]> =>
  db.select().from(namespaces).where(eq(namespaces.state, "deleting"));

/** Locks a namespace that is being deleted until the transaction ends. False if it is not: it may be another one by now. */
export async function lockDeleting(tx: Db, key: { orgId: string; namespace: string }): Promise<boolean> {
  const rows = await tx.select({ name: namespaces.name }).from(namespaces).where(deleting(key)).for("update");
  return rows.length > 0;
}

/** Removes a namespace that is being deleted, with its grants. */
export async function deleteNamespace(db: Db, key: { orgId: string; namespace: string }): Promise<void> {
  await db.delete(namespaces).where(deleting(key));
}
