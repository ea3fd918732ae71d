import { and, eq, isNull, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { idField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { roles as everyRole } from "../../lib/rpc/permissions.ts";
import { newId } from "../../lib/values/ids.ts";
import { grants } from "./grant-schema.ts";

export type GrantRow = typeof grants.$inferSelect;
type Grantee = Pick<GrantRow, "userId" | "apiKeyId" | "groupName">;
export type NewGrant = Grantee & Pick<GrantRow, "role" | "namespace">;

/** Grants of the organisation for callers with the permission in it, else those of the caller's namespaces. */
function visible({ orgId, namespaces }: Scope): SQL | undefined {
  const ofOrg = eq(grants.orgId, orgId);
  if (namespaces === "all") return ofOrg;
  return and(ofOrg, sql`${grants.namespace} = any(${sql.param([...namespaces])}::text[])`);
}

/** Roles of a user in the whole organisation, as a column of a query on `users`. */
export const rolesOfUser = sql<string[]>`array(
  select granted.role from identity.grants granted
  where granted.user_id = "identity"."users"."user_id" and granted.namespace is null order by granted.role
)`;

/** Roles of an API key in the whole organisation, as a column of a query on `api_keys`. */
export const rolesOfKey = sql<string[]>`array(
  select granted.role from identity.grants granted
  where granted.api_key_id = "identity"."api_keys"."api_key_id" and granted.namespace is null order by granted.role
)`;

const grantList = listOf({
  table: grants,
  key: idField(grants.grantId),
  orderable: { create_time: timeField(grants.createTime) },
  filterable: {
    role: wordField(grants.role, everyRole),
    user_id: idField(grants.userId),
    api_key_id: idField(grants.apiKeyId),
    create_time: timeField(grants.createTime),
  },
});

export function listGrants(
  db: Db,
  scope: Scope,
  request: ListRequest,
  filter: { userId: string; apiKeyId: string; group: string; namespace: string },
): Promise<Page<GrantRow>> {
  const where = and(
    visible(scope),
    filter.userId === "" ? undefined : eq(grants.userId, filter.userId),
    filter.apiKeyId === "" ? undefined : eq(grants.apiKeyId, filter.apiKeyId),
    filter.group === "" ? undefined : eq(grants.groupName, filter.group),
    filter.namespace === "" ? undefined : eq(grants.namespace, filter.namespace),
  );
  return grantList.read(db, request, where);
}

/** Grants that count for a user and an API key of the user: their own, and those of the user's groups. */
export function listGrantsOf(
  db: Db,
  orgId: string,
  holder: { userId: string | null; groups: readonly string[]; apiKeyId: string | null },
): Promise<GrantRow[]> {
  const { userId, groups, apiKeyId } = holder;
  return db
    .select()
    .from(grants)
    .where(
      and(
        eq(grants.orgId, orgId),
        or(
          userId === null ? undefined : eq(grants.userId, userId),
          groups.length === 0 ? undefined : sql`${grants.groupName} = any(${sql.param([...groups])}::text[])`,
          apiKeyId === null ? sql`false` : eq(grants.apiKeyId, apiKeyId),
        ),
      ),
    )
    .orderBy(grants.role, grants.namespace);
}

/** Number of the organisation's grants. */
export async function countGrants(db: Db, scope: Scope): Promise<number> {
  return db.$count(grants, eq(grants.orgId, scope.orgId));
}

/** Inserts grants, unless they exist. */
export async function insertGrants(
  db: Db,
  owner: { orgId: string; creatorUserId: string | null },
  added: readonly NewGrant[],
): Promise<void> {
  if (added.length === 0) return;
  await db
    .insert(grants)
    .values(added.map((grant) => ({ ...grant, ...owner, grantId: newId() })))
    .onConflictDoNothing();
}

/** The grant with this grantee, role and namespace. */
export async function findSameGrant(db: Db, scope: Scope, grant: NewGrant): Promise<GrantRow | undefined> {
  const [row] = await db
    .select()
    .from(grants)
    .where(
      and(
        visible(scope),
        ofGrantee(grant),
        eq(grants.role, grant.role),
        grant.namespace === null ? isNull(grants.namespace) : eq(grants.namespace, grant.namespace),
      ),
    );
  return row;
}

export async function deleteGrant(db: Db, scope: Scope, grantId: string): Promise<GrantRow | undefined> {
  const [row] = await db
    .delete(grants)
    .where(and(visible(scope), eq(grants.grantId, grantId)))
    .returning();
  return row;
}

/** Replaces the roles of a user in the whole organisation. */
export async function replaceRolesOfUser(
  tx: Db,
  scope: Scope,
  userId: string,
  roles: readonly string[],
): Promise<void> {
  await tx
    .delete(grants)
    .where(
      and(
        eq(grants.orgId, scope.orgId),
        eq(grants.userId, userId),
        isNull(grants.namespace),
        sql`not (${grants.role} = any(${sql.param([...roles])}::text[]))`,
      ),
    );
  await insertGrants(
    tx,
    { orgId: scope.orgId, creatorUserId: scope.principal.userId },
    roles.map((role) => ({ userId, apiKeyId: null, groupName: null, role, namespace: null })),
  );
}

function ofGrantee({ userId, apiKeyId, groupName }: Grantee): SQL | undefined {
  if (userId !== null) return eq(grants.userId, userId);
  if (apiKeyId !== null) return eq(grants.apiKeyId, apiKeyId);
  return groupName === null ? sql`false` : eq(grants.groupName, groupName);
}
