import { and, asc, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage, insertedRow } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
import type { Destination } from "./destinations.ts";
import { secrets } from "./schema.ts";
import type { Sealed } from "./vault.ts";

/** A secret without its value. */
export type SecretName = Pick<
  typeof secrets.$inferSelect,
  "name" | "destinations" | "createTime" | "updateTime"
>;

/** A secret's encrypted value and its destinations; null until they are set. */
export type StoredSecret = Sealed & Pick<SecretName, "destinations">;

const withoutValue = {
  name: secrets.name,
  destinations: secrets.destinations,
  createTime: secrets.createTime,
  updateTime: secrets.updateTime,
};

const one = (scope: Scope, name: string) => and(eq(secrets.orgId, scope.orgId), eq(secrets.name, name));

/** Associated data of a secret's encryption: it binds the value to the organisation and the name. */
export const secretContext = ({ orgId }: Scope, name: string): string[] => ["secret", orgId, name];

export async function findSecret(db: Db, scope: Scope, name: string): Promise<StoredSecret | undefined> {
  const { keyId, nonce, ciphertext, destinations } = secrets;
  const [row] = await db
    .select({ keyId, nonce, ciphertext, destinations })
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

/** Inserts the secret, or replaces its value and destinations. */
export async function upsertSecret(
  db: Db,
  scope: Scope,
  name: string,
  value: Sealed & { readonly destinations: readonly Destination[] },
): Promise<SecretName> {
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

/** Updates a secret's destinations and keeps its value. Undefined if there is no such secret. */
export async function updateSecret(
  db: Db,
  scope: Scope,
  name: string,
  change: Partial<Pick<SecretName, "destinations">>,
): Promise<SecretName | undefined> {
  const [row] = await db
    .update(secrets)
    .set({ ...change, updateTime: sql`now()` })
    .where(one(scope, name))
    .returning(withoutValue);
  return row;
}

/**
 * Sets the destinations of the organisation's secrets where they are null: those in `uses` by the secret's name, else
 * an empty list.
 */
export async function bindSecrets(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  uses: Readonly<Record<string, readonly Destination[]>>,
): Promise<void> {
  await db
    .update(secrets)
    .set({ destinations: sql`coalesce(${JSON.stringify(uses)}::jsonb -> ${secrets.name}, '[]')` })
    .where(and(eq(secrets.orgId, orgId), isNull(secrets.destinations)));
}

/** Organisations with secrets whose destinations are null. */
export async function listUnboundOrgs(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .selectDistinct({ orgId: secrets.orgId })
    .from(secrets)
    .where(isNull(secrets.destinations))
    .limit(limit);
  return rows.map(({ orgId }) => orgId);
}

/** False if there is no such secret. */
export async function deleteSecret(db: Db, scope: Scope, name: string): Promise<boolean> {
  const rows = await db.delete(secrets).where(one(scope, name)).returning({ name: secrets.name });
  return rows.length > 0;
}
