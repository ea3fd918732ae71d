import { and, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { insertedRow, ofRevision } from "../lib/database/rows.ts";
import { defaultNamespace } from "../lib/database/scope.ts";
import { idField, nameField, textField, timeField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { allowsEverywhere } from "../lib/rpc/permissions.ts";
import { orgNotFound } from "./errors.ts";
import { insertNamespace } from "./namespaces/namespace-repository.ts";
import { orgs } from "./schema.ts";

export type OrgRow = typeof orgs.$inferSelect;
export type NewOrg = Pick<OrgRow, "orgId" | "name" | "displayName">;
export type OrgChange = Partial<Pick<OrgRow, "displayName">>;

/** The caller's organisation; all organisations for a platform administrator. */
const visible = ({ orgId, principal }: Scope) =>
  allowsEverywhere(principal, "orgs.all") ? undefined : eq(orgs.orgId, orgId);

export async function findOrg(db: Db, scope: Scope, orgId: string): Promise<OrgRow | undefined> {
  const [row] = await db
    .select()
    .from(orgs)
    .where(and(visible(scope), eq(orgs.orgId, orgId)));
  return row;
}

/** By name, for the bootstrap: there is no scope yet. */
export async function findOrgByName(db: Db, name: string): Promise<OrgRow | undefined> {
  const [row] = await db.select().from(orgs).where(eq(orgs.name, name));
  return row;
}

const orgList = listOf({
  table: orgs,
  key: idField(orgs.orgId),
  orderable: { create_time: timeField(orgs.createTime), name: textField(orgs.name) },
  filterable: {
    name: nameField(orgs.name),
    display_name: nameField(orgs.displayName),
    create_time: timeField(orgs.createTime),
    update_time: timeField(orgs.updateTime),
  },
});

export function listOrgs(db: Db, scope: Scope, request: ListRequest): Promise<Page<OrgRow>> {
  return orgList.read(db, request, visible(scope));
}

/** Inserts an organisation with its default namespace. */
export async function insertOrg(tx: Db, org: NewOrg): Promise<OrgRow> {
  const row = insertedRow(await tx.insert(orgs).values(org).returning());
  await insertNamespace(tx, org.orgId, { name: defaultNamespace });
  return row;
}

/** Preferences of the organisation. */
export async function findPreferences(db: Db, scope: Scope): Promise<OrgRow["preferences"]> {
  const [row] = await db
    .select({ preferences: orgs.preferences })
    .from(orgs)
    .where(eq(orgs.orgId, scope.orgId));
  return row?.preferences ?? {};
}

export async function updatePreferences(
  db: Db,
  scope: Scope,
  preferences: OrgRow["preferences"],
): Promise<void> {
  await db.update(orgs).set({ preferences }).where(eq(orgs.orgId, scope.orgId));
}

/** Updates an organisation with this revision (undefined: any). Undefined if no row matches. */
export async function updateOrg(
  db: Db,
  scope: Scope,
  orgId: string,
  revision: number | undefined,
  change: OrgChange,
): Promise<OrgRow | undefined> {
  const [row] = await db
    .update(orgs)
    .set({ ...change, updateTime: sql`now()`, revision: sql`${orgs.revision} + 1` })
    .where(and(visible(scope), eq(orgs.orgId, orgId), ofRevision(orgs.revision, revision)))
    .returning();
  return row;
}

/** Serializes changes of the organisation's administrators until the transaction ends. */
export async function lockOrg(tx: Db, scope: Scope): Promise<void> {
  await tx.select({ orgId: orgs.orgId }).from(orgs).where(eq(orgs.orgId, scope.orgId)).for("no key update");
}

/** Throws NotFound for the first organisation that does not exist. For platform administrators, who see all. */
export async function refuseMissingOrgs(db: Db, orgIds: readonly string[]): Promise<void> {
  if (orgIds.length === 0) return;
  const rows = await db
    .select({ orgId: orgs.orgId })
    .from(orgs)
    .where(inArray(orgs.orgId, [...orgIds]));
  const missing = orgIds.find((orgId) => !rows.some((row) => row.orgId === orgId.toLowerCase()));
  if (missing !== undefined) throw orgNotFound(missing);
}
