import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow, ofRevision } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { allows } from "../lib/rpc/permissions.ts";
import { orgs } from "./schema.ts";

export type OrgRow = typeof orgs.$inferSelect;
export type NewOrg = Pick<OrgRow, "orgId" | "name" | "displayName">;
export type OrgChange = Partial<Pick<OrgRow, "displayName">>;

/** The caller's organisation; all organisations for a platform administrator. */
const visible = ({ orgId, principal }: Scope) =>
  allows(principal.roles, "orgs.all") ? undefined : eq(orgs.orgId, orgId);

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

/** Organisations ordered by id, which is by age. */
export function listOrgs(db: Db, scope: Scope, page: Page): Promise<OrgRow[]> {
  return db
    .select()
    .from(orgs)
    .where(and(visible(scope), fromPage(orgs.orgId, page)))
    .orderBy(asc(orgs.orgId))
    .limit(page.limit);
}

export async function insertOrg(db: Db, org: NewOrg): Promise<OrgRow> {
  return insertedRow(await db.insert(orgs).values(org).returning());
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
