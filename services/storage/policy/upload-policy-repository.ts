import { and, desc, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { type OwnerOrgId, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { closedNamespaces } from "../schema.ts";
import { uploadPolicies as policies } from "./upload-policy-schema.ts";

export type PolicyRow = typeof policies.$inferSelect;
export type PolicyKey = { readonly orgId: string; readonly namespace: string };

/** The namespace of the organisation's policy. */
const everyNamespace = "";

/** The policy in effect: the namespace's, or the organisation's. */
export async function findPolicy(
  db: Db,
  { orgId }: Pick<Scope, "orgId">,
  namespace: string,
): Promise<PolicyRow | undefined> {
  const [row] = await db
    .select()
    .from(policies)
    .where(within({ orgId, namespaces: [namespace, everyNamespace] }, policies))
    .orderBy(desc(policies.namespace))
    .limit(1);
  return row;
}

/** Sets the policy with this revision (undefined: any; 0: there is none). Undefined if the revision differs. */
export async function putPolicy(
  tx: Db,
  { orgId, namespace }: PolicyKey,
  revision: number | undefined,
  policy: Pick<PolicyRow, "allowedTypes" | "fileBytesMax">,
): Promise<PolicyRow | undefined> {
  const key = { orgId: orgId as OwnerOrgId, namespace };
  await enterNamespace(tx, closedNamespaces, key);
  const insert = tx.insert(policies).values({ ...key, ...policy });
  if (revision === 0) {
    const [row] = await insert.onConflictDoNothing().returning();
    return row;
  }
  const changed = { ...policy, updateTime: sql`now()`, revision: sql`${policies.revision} + 1` };
  if (revision === undefined) {
    const target = [policies.orgId, policies.namespace];
    const [row] = await insert.onConflictDoUpdate({ target, set: changed }).returning();
    return row;
  }
  const [row] = await tx
    .update(policies)
    .set(changed)
    .where(and(within({ orgId, namespaces: [namespace] }, policies), eq(policies.revision, revision)))
    .returning();
  return row;
}

/** Deletes the policy of a namespace that is removed. */
export async function deletePolicy(tx: Db, { orgId, namespace }: PolicyKey): Promise<void> {
  await tx.delete(policies).where(within({ orgId, namespaces: [namespace] }, policies));
}
