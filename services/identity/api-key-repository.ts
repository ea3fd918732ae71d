import { and, asc, eq } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import { apiKeys } from "./schema.ts";

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type NewApiKey = Omit<ApiKeyRow, "orgId" | "userId" | "createTime">;

const one = (scope: Scope, apiKeyId: string) =>
  and(eq(apiKeys.orgId, scope.orgId), eq(apiKeys.apiKeyId, apiKeyId));

export async function findApiKey(db: Db, scope: Scope, apiKeyId: string): Promise<ApiKeyRow | undefined> {
  const [row] = await db.select().from(apiKeys).where(one(scope, apiKeyId));
  return row;
}

/** Keys ordered by id, which is by age. */
export function listApiKeys(db: Db, scope: Scope, page: Page): Promise<ApiKeyRow[]> {
  return db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.orgId, scope.orgId), fromPage(apiKeys.apiKeyId, page)))
    .orderBy(asc(apiKeys.apiKeyId))
    .limit(page.limit);
}

/** Inserts a key of the caller's user. */
export async function insertApiKey(db: Db, scope: Scope, key: NewApiKey): Promise<ApiKeyRow> {
  const owner = { orgId: scope.orgId, userId: scope.principal.userId };
  const rows = await db
    .insert(apiKeys)
    .values({ ...key, ...owner })
    .returning();
  return insertedRow(rows);
}

/** Removes a key and the logins that were made with it. False if there is no such key. */
export async function deleteApiKey(db: Db, scope: Scope, apiKeyId: string): Promise<boolean> {
  const rows = await db.delete(apiKeys).where(one(scope, apiKeyId)).returning({ apiKeyId: apiKeys.apiKeyId });
  return rows.length > 0;
}
