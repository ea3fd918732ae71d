import { and, eq, getTableColumns, isNotNull, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import {
  idField,
  nameField,
  openTimeField,
  textField,
  timeField,
  wordsField,
} from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { insertGrants, type NewGrant, rolesOfKey } from "../grants/grant-repository.ts";
import { apiKeys, users } from "../schema.ts";
import { type KeyLink, keysAbove } from "./key-chain.ts";

/** A key, with its roles in the whole organisation. */
export type ApiKeyRow = typeof apiKeys.$inferSelect & { readonly roles: string[] };
export type RoleInNamespace = Pick<NewGrant, "role" | "namespace">;
type SetLater = "createTime" | "secretFile" | "lastUseTime" | "lastUseAddress" | "roles";
export type NewApiKey = Omit<ApiKeyRow, "orgId" | "userId" | SetLater> &
  Partial<Pick<ApiKeyRow, "secretFile">>;
export type ApiKeyChange = Partial<
  Pick<
    ApiKeyRow,
    "displayName" | "expireTime" | "permissions" | "namespaces" | "delegateOrgIds" | "defaultOrgId"
  >
>;
const columns = { ...getTableColumns(apiKeys), roles: rolesOfKey };

export type KeyUse = { readonly apiKeyId: string; readonly address: string };

const one = (scope: Scope, apiKeyId: string) =>
  and(eq(apiKeys.orgId, scope.orgId), eq(apiKeys.apiKeyId, apiKeyId));

export async function findApiKey(db: Db, scope: Scope, apiKeyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await db.select(columns).from(apiKeys).where(one(scope, apiKeyId));
  return row;
}

/** Locks a key against other changes until the transaction ends. */
export async function lockApiKey(tx: Db, scope: Scope, apiKeyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await tx.select(columns).from(apiKeys).where(one(scope, apiKeyId)).for("update");
  return row;
}

/** A key and the keys above it, the key first. Empty if there is no such key. */
export async function findKeyChain(db: Db, scope: Scope, apiKeyId: string): Promise<readonly KeyLink[]> {
  const [row] = await db
    .select({ keys: keysAbove(apiKeys.apiKeyId) })
    .from(apiKeys)
    .innerJoin(users, eq(users.userId, apiKeys.userId))
    .where(one(scope, apiKeyId));
  return row?.keys ?? [];
}

const apiKeyList = listOf<typeof apiKeys, ApiKeyRow>({
  table: apiKeys,
  columns,
  key: idField(apiKeys.apiKeyId),
  orderable: {
    create_time: timeField(apiKeys.createTime),
    display_name: textField(apiKeys.displayName),
    expire_time: openTimeField(apiKeys.expireTime),
  },
  filterable: {
    display_name: nameField(apiKeys.displayName),
    user_id: idField(apiKeys.userId),
    roles: wordsField(rolesOfKey),
    expire_time: timeField(apiKeys.expireTime),
    create_time: timeField(apiKeys.createTime),
  },
});

export function listApiKeys(db: Db, scope: Scope, request: ListRequest): Promise<Page<ApiKeyRow>> {
  return apiKeyList.read(db, request, eq(apiKeys.orgId, scope.orgId));
}

/** Inserts a key of the caller's user with its roles. */
export async function insertApiKey(
  tx: Db,
  scope: Scope,
  key: NewApiKey,
  given: readonly RoleInNamespace[],
): Promise<ApiKeyRow> {
  const { userId } = scope.principal;
  const rows = await tx
    .insert(apiKeys)
    .values({ ...key, orgId: scope.orgId, userId })
    .returning();
  const grantee = { userId: null, apiKeyId: key.apiKeyId, groupName: null };
  await insertGrants(
    tx,
    { orgId: scope.orgId, creatorUserId: userId },
    given.map((grant) => ({ ...grantee, ...grant })),
  );
  const roles = given.filter(({ namespace }) => namespace === null).map(({ role }) => role);
  return { ...insertedRow(rows), roles: roles.toSorted() };
}

/** Undefined if there is no such key. */
export async function updateApiKey(
  db: Db,
  scope: Scope,
  apiKeyId: string,
  change: ApiKeyChange,
): Promise<ApiKeyRow | undefined> {
  await db.update(apiKeys).set(change).where(one(scope, apiKeyId));
  return findApiKey(db, scope, apiKeyId);
}

/** Sets the last use of keys, of each at most once a minute among all processes. */
export async function recordKeyUses(db: Db, uses: readonly KeyUse[]): Promise<void> {
  await db.execute(sql`
    update ${apiKeys} set last_use_time = now(), last_use_address = nullif(used.address, '')
    from json_to_recordset(${JSON.stringify(uses)}::json) as used("apiKeyId" uuid, address text)
    where api_key_id = used."apiKeyId"
      and (last_use_time is null or last_use_time <= now() - interval '1 minute')`);
}

/** Removes a key, the keys that were made with it, and the logins of all of them. False if there is no such key. */
export async function deleteApiKey(db: Db, scope: Scope, apiKeyId: string): Promise<boolean> {
  const rows = await db.delete(apiKeys).where(one(scope, apiKeyId)).returning({ apiKeyId: apiKeys.apiKeyId });
  return rows.length > 0;
}

/** The key of a secret file, in any organisation. */
export async function findKeyOfFile(db: Db, secretFile: string): Promise<ApiKeyRow | undefined> {
  const [row] = await db.select(columns).from(apiKeys).where(eq(apiKeys.secretFile, secretFile));
  return row;
}

/** Removes the keys of all secret files but these, in every organisation. */
export async function deleteOtherFileKeys(db: Db, secretFiles: readonly string[]): Promise<void> {
  const others = secretFiles.length > 0 ? notInArray(apiKeys.secretFile, [...secretFiles]) : undefined;
  await db.delete(apiKeys).where(and(isNotNull(apiKeys.secretFile), others));
}
