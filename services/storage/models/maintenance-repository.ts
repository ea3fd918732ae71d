import { and, asc, eq, inArray, lt, notExists, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import { modelAliases, models, modelVersionFiles, modelVersions } from "./model-schema.ts";

// These functions serve the service itself: those without an organisation cover all of them.

export type VersionKey = { readonly orgId: string; readonly modelVersionId: string };
export type NamespaceKey = { readonly orgId: string; readonly namespace: string };

/** Versions per round of the maintenance. */
const batchMax = 100;
/** Versions of a namespace that one transaction deletes, with up to 1000 files each. */
const clearedMax = 20;

const key = { orgId: modelVersions.orgId, modelVersionId: modelVersions.modelVersionId };

/** Pending versions whose files have all arrived, oldest first. */
export function listArrived(db: Db): Promise<VersionKey[]> {
  const missing = db
    .select({ path: modelVersionFiles.path })
    .from(modelVersionFiles)
    .where(
      and(
        eq(modelVersionFiles.modelVersionId, modelVersions.modelVersionId),
        sql`${modelVersionFiles.fileId} is null`,
      ),
    );
  return db
    .select(key)
    .from(modelVersions)
    .where(and(eq(modelVersions.state, "pending"), notExists(missing)))
    .orderBy(asc(modelVersions.createTime))
    .limit(batchMax);
}

/** Versions that have been pending for longer than this. */
export function listExpired(db: Db, pendingMs: number): Promise<VersionKey[]> {
  const before = sql`now() - ${pendingMs} * interval '1 millisecond'`;
  return db
    .select(key)
    .from(modelVersions)
    .where(and(eq(modelVersions.state, "pending"), lt(modelVersions.createTime, before)))
    .orderBy(asc(modelVersions.createTime))
    .limit(batchMax);
}

/** Ready versions whose lineage is not recorded, oldest first. */
export function listUnrecorded(db: Db): Promise<VersionKey[]> {
  return db
    .select(key)
    .from(modelVersions)
    .where(and(eq(modelVersions.lineagePending, true), eq(modelVersions.state, "ready")))
    .orderBy(asc(modelVersions.readyTime))
    .limit(batchMax);
}

export async function setLineageRecorded(db: Db, { orgId, modelVersionId }: VersionKey): Promise<void> {
  await db
    .update(modelVersions)
    .set({ lineagePending: false })
    .where(
      and(
        within({ orgId, namespaces: "all" }, modelVersions),
        eq(modelVersions.modelVersionId, modelVersionId),
      ),
    );
}

export const countModels = (db: Db, { orgId, namespace }: NamespaceKey): Promise<number> =>
  db.$count(models, within({ orgId, namespaces: [namespace] }, models));

/** Deletes the aliases of a namespace. Returns the ids of some versions that are left. */
export async function unaliasSome(tx: Db, { orgId, namespace }: NamespaceKey): Promise<string[]> {
  const owner = { orgId, namespaces: [namespace] };
  const owned = tx.select({ modelId: models.modelId }).from(models).where(within(owner, models));
  await tx.delete(modelAliases).where(inArray(modelAliases.modelId, owned));
  const rows = await tx.select(key).from(modelVersions).where(within(owner, modelVersions)).limit(clearedMax);
  return rows.map(({ modelVersionId }) => modelVersionId);
}

/** Deletes the models of a namespace, which have no versions any more. */
export async function deleteModels(tx: Db, { orgId, namespace }: NamespaceKey): Promise<void> {
  await tx.delete(models).where(within({ orgId, namespaces: [namespace] }, models));
}
