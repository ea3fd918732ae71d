import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { everywhere, type OwnerOrgId, within } from "../../lib/database/scope.ts";
import { closedNamespaces } from "../schema.ts";
import { trashPolicies } from "./trash-schema.ts";

type NamespaceKey = { readonly orgId: string; readonly namespace: string };
export type TrashPolicyRow = Pick<typeof trashPolicies.$inferSelect, "undeleteWindowMs" | "revision"> & {
  /** Null for the default. */
  readonly updateTime: Date | null;
};

/** Stated in the contract. */
const defaultPolicy: TrashPolicyRow = {
  undeleteWindowMs: 7 * 24 * 60 * 60 * 1000,
  revision: 0,
  updateTime: null,
};

const one = (key: NamespaceKey) =>
  and(within(everywhere(key), trashPolicies), eq(trashPolicies.namespace, key.namespace));

/** The policy of a namespace; the default before one was set. */
export async function findTrashPolicy(db: Db, key: NamespaceKey): Promise<TrashPolicyRow> {
  const [row] = await db.select().from(trashPolicies).where(one(key));
  return row ?? defaultPolicy;
}

/** Sets the policy of this revision (undefined: any). Returns undefined if the revision differs. */
export async function setTrashPolicy(
  tx: Db,
  key: NamespaceKey,
  revision: number | undefined,
  undeleteWindowMs: number,
): Promise<TrashPolicyRow | undefined> {
  await enterNamespace(tx, closedNamespaces, key);
  const { orgId, namespace } = key;
  const set = { undeleteWindowMs, updateTime: sql`now()`, revision: sql`${trashPolicies.revision} + 1` };
  if (revision !== undefined && revision !== 0) {
    const [row] = await tx
      .update(trashPolicies)
      .set(set)
      .where(and(one(key), eq(trashPolicies.revision, revision)))
      .returning();
    return row;
  }
  const insert = tx.insert(trashPolicies).values({ orgId: orgId as OwnerOrgId, namespace, undeleteWindowMs });
  const target = [trashPolicies.orgId, trashPolicies.namespace];
  const [row] =
    revision === 0
      ? await insert.onConflictDoNothing().returning()
      : await insert.onConflictDoUpdate({ target, set }).returning();
  return row;
}

/** Deletes the policy of a namespace that is being deleted. */
export async function deleteTrashPolicy(tx: Db, key: NamespaceKey): Promise<void> {
  await tx.delete(trashPolicies).where(one(key));
}
