import { and, arrayContains, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { idField, textField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { delegatePermission } from "../../lib/rpc/permissions.ts";
import { apiKeys } from "../schema.ts";
import { externalIds, servicePrincipals } from "./delegation-schema.ts";

// A key speaks for users of other organisations than its own. Its organisations, and the key itself, are the limits here.

export type ExternalIdRow = typeof externalIds.$inferSelect;
export type ExternalIdName = Pick<ExternalIdRow, "kind" | "externalId">;

/** A key that may speak for others, with its user. */
export type DelegatingKey = {
  readonly apiKeyId: string;
  readonly displayName: string;
  readonly orgId: string;
  readonly userId: string;
  readonly delegateOrgIds: readonly string[];
  readonly defaultOrgId: string | null;
};

const one = (apiKeyId: string, { kind, externalId }: ExternalIdName) =>
  and(eq(externalIds.apiKeyId, apiKeyId), eq(externalIds.kind, kind), eq(externalIds.externalId, externalId));

/** A key with the permission by name that has not expired. One with namespaces has no permission beyond them. */
export async function findDelegatingKey(db: Db, apiKeyId: string): Promise<DelegatingKey | undefined> {
  const [row] = await db
    .select({
      apiKeyId: apiKeys.apiKeyId,
      displayName: apiKeys.displayName,
      orgId: apiKeys.orgId,
      userId: apiKeys.userId,
      delegateOrgIds: apiKeys.delegateOrgIds,
      defaultOrgId: apiKeys.defaultOrgId,
    })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.apiKeyId, apiKeyId),
        or(isNull(apiKeys.expireTime), gt(apiKeys.expireTime, sql`now()`)),
        isNull(apiKeys.parentApiKeyId),
        arrayContains(apiKeys.permissions, [delegatePermission]),
        eq(apiKeys.namespaces, []),
      ),
    );
  return row;
}

export async function findExternalId(
  db: Db,
  { apiKeyId }: DelegatingKey,
  name: ExternalIdName,
): Promise<ExternalIdRow | undefined> {
  const [row] = await db.select().from(externalIds).where(one(apiKeyId, name));
  return row;
}

const externalIdList = listOf({
  table: externalIds,
  key: idField(externalIds.mappingId),
  orderable: { create_time: timeField(externalIds.createTime) },
  filterable: {
    kind: wordField(externalIds.kind, ["org", "user"]),
    external_id: textField(externalIds.externalId),
    create_time: timeField(externalIds.createTime),
  },
});

/** External ids of a key. */
export function listExternalIds(
  db: Db,
  { apiKeyId }: DelegatingKey,
  request: ListRequest,
): Promise<Page<ExternalIdRow>> {
  return externalIdList.read(db, request, eq(externalIds.apiKeyId, apiKeyId));
}

export async function putExternalId(
  db: Db,
  { apiKeyId }: DelegatingKey,
  row: Omit<ExternalIdRow, "apiKeyId" | "createTime">,
): Promise<ExternalIdRow> {
  const rows = await db
    .insert(externalIds)
    .values({ ...row, apiKeyId })
    .onConflictDoUpdate({
      target: [externalIds.apiKeyId, externalIds.kind, externalIds.externalId],
      set: { orgId: row.orgId, userId: row.userId },
    })
    .returning();
  return insertedRow(rows);
}

/** The removed row; undefined if there was none. */
export async function deleteExternalId(
  db: Db,
  { apiKeyId }: DelegatingKey,
  name: ExternalIdName,
): Promise<ExternalIdRow | undefined> {
  const [row] = await db.delete(externalIds).where(one(apiKeyId, name)).returning();
  return row;
}

const ofOrg = (apiKeyId: string, orgId: string) =>
  and(eq(servicePrincipals.apiKeyId, apiKeyId), eq(servicePrincipals.orgId, orgId));

/** The user of an organisation's service principal for a key. */
export async function findServicePrincipal(
  db: Db,
  { apiKeyId }: DelegatingKey,
  { orgId }: Pick<Scope, "orgId">,
): Promise<string | undefined> {
  const [row] = await db
    .select({ userId: servicePrincipals.userId })
    .from(servicePrincipals)
    .where(ofOrg(apiKeyId, orgId));
  return row?.userId;
}

export async function insertServicePrincipal(
  db: Db,
  { apiKeyId }: DelegatingKey,
  principal: { orgId: string; userId: string },
): Promise<void> {
  await db.insert(servicePrincipals).values({ apiKeyId, ...principal });
}

/** Locks a key until the transaction ends. */
export async function lockKey(tx: Db, { apiKeyId }: DelegatingKey): Promise<void> {
  await tx.execute(sql`select 1 from ${apiKeys} where ${eq(apiKeys.apiKeyId, apiKeyId)} for update`);
}
