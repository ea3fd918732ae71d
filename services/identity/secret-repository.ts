import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../lib/database.ts";
import type { Scope } from "../lib/guard.ts";
import type { Page } from "../lib/paging.ts";
import { fromPage, insertedRow } from "../lib/rows.ts";
import { secrets } from "./schema.ts";
import type { Sealed } from "./vault.ts";

/** A secret without its value. */
export type SecretName = Pick<typeof secrets.$inferSelect, "name" | "createTime" | "updateTime">;

const withoutValue = { name: secrets.name, createTime: secrets.createTime, updateTime: secrets.updateTime };

const one = (scope: Scope, name: string) => and(eq(secrets.orgId, scope.orgId), eq(secrets.name, name));

/** Where a value is sealed to: it opens in this organisation and under this name only. */
export const placeOfSecret = ({ orgId }: Scope, name: string): string[] => ["secret", orgId, name];

export async function findSecret(db: Db, scope: Scope, name: string): Promise<Sealed | undefined> {
  const [row] = await db
    .select({ keyId: secrets.keyId, nonce: secrets.nonce, ciphertext: secrets.ciphertext })
    .from(secrets)
    .where(one(scope, name));
  return row;
}

export function listSecrets(db: Db, scope: Scope, page: Page): Promise<SecretName[]> {
  return db
    .select(withoutValue)
    .from(secrets)
    .where(and(eq(secrets.orgId, scope.orgId), fromPage(secrets.name, page)))
    .orderBy(asc(secrets.name))
    .limit(page.limit);
}

/** Makes the secret or sets its value. */
export async function upsertSecret(db: Db, scope: Scope, name: string, value: Sealed): Promise<SecretName> {
  const rows = await db
    .insert(secrets)
    .values({ orgId: scope.orgId, name, ...value })
    .onConflictDoUpdate({
      target: [secrets.orgId, secrets.name],
      set: { ...value, updateTime: sql`now()` },
    })
    .returning(withoutValue);
  return insertedRow(rows);
}

/** Removes a secret; false when there is none. */
export async function deleteSecret(db: Db, scope: Scope, name: string): Promise<boolean> {
  const rows = await db.delete(secrets).where(one(scope, name)).returning({ name: secrets.name });
  return rows.length > 0;
}
