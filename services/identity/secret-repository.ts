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

/** A secret's value, and where it may be sent: null until that is known. */
export type StoredSecret = Sealed & Pick<SecretName, "destinations">;

const withoutValue = {
  name: secrets.name,
  destinations: secrets.destinations,
  createTime: secrets.createTime,
  updateTime: secrets.updateTime,
};

const one = (scope: Scope, name: string) => and(eq(secrets.orgId, scope.orgId), eq(secrets.name, name));

/** Where a value is sealed to: it opens in this organisation and under this name only. */
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

/** Makes the secret, or sets its value and its destinations. */
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

/** Changes a secret's destinations and keeps its value; undefined when there is none of that name. */
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
 * Sets the destinations of every secret of the organisation that has none set yet: those of `uses`, by the secret's name, or
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

/** Organisations with secrets whose destinations are not set yet. */
export async function listUnboundOrgs(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .selectDistinct({ orgId: secrets.orgId })
    .from(secrets)
    .where(isNull(secrets.destinations))
    .limit(limit);
  return rows.map(({ orgId }) => orgId);
}

/** Removes a secret; false when there is none. */
export async function deleteSecret(db: Db, scope: Scope, name: string): Promise<boolean> {
  const rows = await db.delete(secrets).where(one(scope, name)).returning({ name: secrets.name });
  return rows.length > 0;
}
