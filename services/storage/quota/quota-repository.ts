import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { ofRevision } from "../../lib/database/rows.ts";
import { everywhere, ownerIn, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { closedNamespaces } from "../schema.ts";
import type { QuotaOwner } from "./amount.ts";
import { namespaceQuotas, quotaEvents, quotas } from "./quota-schema.ts";
import { limitBytesDefault, lockUsage } from "./usage-repository.ts";

/** Quota and usage of an organisation or of a namespace, whose limit in bytes may be null. */
export type QuotaRow = Omit<typeof namespaceQuotas.$inferSelect, "orgId" | "namespace">;
export type Limits = Pick<QuotaRow, "limitBytes" | "limitFiles" | "warnBytes" | "warnFiles">;

/** The quota of the organisation, or of a namespace of the scope if it is not empty. Defaults before anything was set or stored. */
export async function findQuota(db: Db, scope: Scope, namespace: string): Promise<QuotaRow> {
  if (namespace === "") {
    const [row] = await db.select().from(quotas).where(eq(quotas.orgId, scope.orgId));
    return row ?? { ...untouched, limitBytes: limitBytesDefault };
  }
  const owner = ownerIn(scope, namespace);
  const [row] = await db.select().from(namespaceQuotas).where(one(owner));
  return row ?? untouched;
}

/**
 * Sets the limits of a quota with this revision (undefined: any). An empty namespace selects the organisation, which needs a
 * limit in bytes. Returns undefined if the revision differs.
 */
export async function updateLimits(
  tx: Db,
  scope: Scope,
  namespace: string,
  revision: number | undefined,
  limits: Limits,
): Promise<QuotaRow | undefined> {
  const changed = <Row extends typeof quotas | typeof namespaceQuotas>(table: Row) => ({
    updateTime: sql`now()`,
    revision: sql`${table.revision} + 1`,
  });
  if (namespace === "") {
    await lockUsage(tx, scope.orgId, []);
    const [row] = await tx
      .update(quotas)
      .set({ ...limits, limitBytes: limits.limitBytes ?? limitBytesDefault, ...changed(quotas) })
      .where(and(eq(quotas.orgId, scope.orgId), ofRevision(quotas.revision, revision)))
      .returning();
    return row;
  }
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  await lockUsage(tx, scope.orgId, [namespace]);
  const [row] = await tx
    .update(namespaceQuotas)
    .set({ ...limits, ...changed(namespaceQuotas) })
    .where(and(one(owner), ofRevision(namespaceQuotas.revision, revision)))
    .returning();
  return row;
}

/** Deletes the quota of a namespace without files. While uploads still hold some of it, its limits alone are removed. */
export async function deleteQuota(tx: Db, owner: QuotaOwner): Promise<void> {
  await lockUsage(tx, owner.orgId, []);
  await tx.update(namespaceQuotas).set(unlimited).where(one(owner));
  await tx
    .delete(quotaEvents)
    .where(and(within(everywhere(owner), quotaEvents), eq(quotaEvents.namespace, owner.namespace)));
  await tx
    .delete(namespaceQuotas)
    .where(and(one(owner), eq(namespaceQuotas.reservedBytes, 0), eq(namespaceQuotas.reservedFiles, 0)));
}

const one = ({ orgId, namespace }: QuotaOwner) =>
  and(within(everywhere({ orgId }), namespaceQuotas), eq(namespaceQuotas.namespace, namespace));

const unlimited = {
  limitBytes: null,
  limitFiles: null,
  warnBytes: null,
  warnFiles: null,
  updateTime: null,
  revision: 0,
};

const untouched: QuotaRow = {
  ...unlimited,
  usedBytes: 0,
  reservedBytes: 0,
  fileCount: 0,
  reservedFiles: 0,
  driftBytes: 0,
  driftFiles: 0,
  recountTime: null,
};
