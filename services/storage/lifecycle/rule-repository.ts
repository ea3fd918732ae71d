import { and, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { ofRevision } from "../../lib/database/rows.ts";
import { everywhere, ownerIn, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { closedNamespaces } from "../schema.ts";
import { lifecycleRules } from "./lifecycle-schema.ts";
import { inOrder, type Rule, type ScopedRule } from "./rule.ts";

export type RuleSet = { readonly rules: readonly Rule[]; readonly revision: number };

type Owner = Pick<Scope, "orgId">;

const one = ({ orgId }: Owner, namespace: string) =>
  and(within(everywhere({ orgId }), lifecycleRules), eq(lifecycleRules.namespace, namespace));

/** The rules of the organisation, or of a namespace that is not empty. None before some were set. */
export async function findRules(db: Db, owner: Owner, namespace: string): Promise<RuleSet> {
  const [row] = await db.select().from(lifecycleRules).where(one(owner, namespace));
  return row ?? { rules: [], revision: 0 };
}

/** Replaces rules with this revision (undefined: any). Returns undefined if the revision differs. */
export async function updateRules(
  tx: Db,
  scope: Scope,
  namespace: string,
  revision: number | undefined,
  rules: readonly Rule[],
): Promise<RuleSet | undefined> {
  const owner = ownerIn(scope, namespace);
  if (namespace !== "") await enterNamespace(tx, closedNamespaces, owner);
  await tx
    .insert(lifecycleRules)
    .values({ orgId: owner.orgId, namespace, rules: [], revision: 0 })
    .onConflictDoNothing();
  const [row] = await tx
    .update(lifecycleRules)
    .set({ rules, updateTime: sql`now()`, revision: sql`${lifecycleRules.revision} + 1` })
    .where(and(one(scope, namespace), ofRevision(lifecycleRules.revision, revision)))
    .returning();
  return row;
}

/** The rules that apply to the files of these namespaces, in their order. */
export async function listRules(
  db: Db,
  { orgId, namespaces }: Pick<Scope, "orgId" | "namespaces">,
): Promise<ScopedRule[]> {
  const named = namespaces === "all" ? undefined : inArray(lifecycleRules.namespace, ["", ...namespaces]);
  const rows = await db
    .select()
    .from(lifecycleRules)
    .where(and(within(everywhere({ orgId }), lifecycleRules), named))
    .orderBy(lifecycleRules.namespace);
  return inOrder(rows.flatMap(({ namespace, rules }) => rules.map((rule) => ({ ...rule, namespace }))));
}

/** Deletes the rules of a namespace that is deleted. */
export async function deleteRules(tx: Db, owner: Owner, namespace: string): Promise<void> {
  await tx.delete(lifecycleRules).where(one(owner, namespace));
}

/** Organisations with rules: it serves the run of all rules, not a caller. */
export async function listOrgsWithRules(db: Db): Promise<string[]> {
  const rows = await db
    .selectDistinct({ orgId: lifecycleRules.orgId })
    .from(lifecycleRules)
    .orderBy(lifecycleRules.orgId);
  return rows.map(({ orgId }) => orgId);
}
