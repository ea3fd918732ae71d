import { and, eq, gt, isNull, or, sql } from "drizzle-orm";
import { type PgSchema, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import type { Db } from "./database.ts";
import { defaultNamespace, namespaceNotFound } from "./scope.ts";

type NamespaceKey = { readonly orgId: string; readonly namespace: string };

/** Namespaces in which a service accepts no new resources, because identity is deleting them. */
export const closedNamespacesTable = <S extends string>(schema: PgSchema<S>) =>
  schema.table(
    "closed_namespaces",
    {
      orgId: uuid("org_id").notNull(),
      namespace: text("namespace").notNull(),
      /** Null until it is opened. */
      untilTime: timestamp("until_time", { withTimezone: true }),
    },
    (table) => [primaryKey({ name: "closed_namespaces_key", columns: [table.orgId, table.namespace] })],
  );

type ClosedNamespaces = ReturnType<typeof closedNamespacesTable>;

/**
 * Keeps a namespace open until the transaction ends. Call it before each insert of a row with a namespace: a namespace
 * that is closed afterwards counts the row. NotFound for a closed one.
 */
export async function enterNamespace(tx: Db, closed: ClosedNamespaces, key: NamespaceKey): Promise<void> {
  // It can't be deleted.
  if (key.namespace === defaultNamespace) return;
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${lockOf(key)})`);
  const isClosed = or(isNull(closed.untilTime), gt(closed.untilTime, sql`clock_timestamp()`));
  const [row] = await tx
    .select()
    .from(closed)
    .where(and(isKey(closed, key), isClosed));
  if (row) throw namespaceNotFound(key.namespace);
}

/**
 * Closes a namespace as soon as all transactions that entered it have ended: for good, or for a minute, so that it opens
 * again if identity dies before it has decided.
 */
export async function closeNamespace(
  tx: Db,
  closed: ClosedNamespaces,
  key: NamespaceKey,
  { forGood }: { forGood: boolean },
): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${lockOf(key)})`);
  const untilTime = forGood ? null : sql`clock_timestamp() + interval '1 minute'`;
  await tx
    .insert(closed)
    .values({ ...key, untilTime })
    .onConflictDoUpdate({ target: [closed.orgId, closed.namespace], set: { untilTime } });
}

export async function openNamespace(tx: Db, closed: ClosedNamespaces, key: NamespaceKey): Promise<void> {
  await tx.delete(closed).where(isKey(closed, key));
}

const isKey = (closed: ClosedNamespaces, { orgId, namespace }: NamespaceKey) =>
  and(eq(closed.orgId, orgId), eq(closed.namespace, namespace));

const lockOf = ({ orgId, namespace }: NamespaceKey) =>
  sql`hashtextextended(${`sluice namespace ${orgId} ${namespace}`}, 0)`;
