import { and, eq, isNull, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { insertedRow } from "../lib/database/rows.ts";
import { nameField, textField, timeField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
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
export const secretContext = ({ orgId }: Pick<Scope, "orgId">, name: string): string[] => [
  "secret",
  orgId,
  name,
];

export async function findSecret(db: Db, scope: Scope, name: string): Promise<StoredSecret | undefined> {
  const { keyId, nonce, ciphertext, destinations } = secrets;
  const [row] = await db
    .select({ keyId, nonce, ciphertext, destinations })
    .from(secrets)
    .where(one(scope, name));
  return row;
}

/** A secret without its value, for the change of its destinations. */
export async function findSecretName(db: Db, scope: Scope, name: string): Promise<SecretName | undefined> {
  const [row] = await db.select(withoutValue).from(secrets).where(one(scope, name));
  return row;
}

const byName = textField(secrets.name);

const secretList = listOf<typeof secrets, SecretName>({
  table: secrets,
  columns: withoutValue,
  key: byName,
  orderable: { create_time: timeField(secrets.createTime), name: byName },
  filterable: {
    name: nameField(secrets.name),
    create_time: timeField(secrets.createTime),
    update_time: timeField(secrets.updateTime),
  },
});

export function listSecrets(db: Db, scope: Scope, request: ListRequest): Promise<Page<SecretName>> {
  return secretList.read(db, request, eq(secrets.orgId, scope.orgId));
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
 * an empty list. Returns the names of these secrets.
 */
export async function bindSecrets(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  uses: Readonly<Record<string, readonly Destination[]>>,
): Promise<string[]> {
  const rows = await db
    .update(secrets)
    .set({ destinations: sql`coalesce(${JSON.stringify(uses)}::jsonb -> ${secrets.name}, '[]')` })
    .where(and(eq(secrets.orgId, orgId), isNull(secrets.destinations)))
    .returning({ name: secrets.name });
  return rows.map(({ name }) => name).sort();
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
