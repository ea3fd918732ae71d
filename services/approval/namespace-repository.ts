import { inArray } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { closeNamespace, openNamespace } from "../lib/database/namespace-gate.ts";
import { within } from "../lib/database/scope.ts";
import type { ProjectRow } from "./project-repository.ts";
import { closedNamespaces, projects, publishedFiles } from "./schema.ts";

/** A namespace of an organisation. Identity names it; there is no caller. */
export type NamespaceKey = { readonly orgId: string; readonly namespace: string };

/** Projects per call: they share a transaction. */
const deletedMax = 100;

const inNamespace = ({ orgId, namespace }: NamespaceKey) =>
  within({ orgId, namespaces: [namespace] }, projects);

export const open = (tx: Db, key: NamespaceKey) => openNamespace(tx, closedNamespaces, key);

export const close = (tx: Db, key: NamespaceKey, forGood: boolean) =>
  closeNamespace(tx, closedNamespaces, key, { forGood });

export const countProjects = (db: Db, key: NamespaceKey): Promise<number> =>
  db.$count(projects, inNamespace(key));

/** Deletes up to 100 projects in any state, with their packages and releases, and returns them. Their events stay. */
export async function deleteSomeProjects(tx: Db, key: NamespaceKey): Promise<ProjectRow[]> {
  const some = await tx
    .select({ projectId: projects.projectId })
    .from(projects)
    .where(inNamespace(key))
    .orderBy(projects.projectId)
    .limit(deletedMax)
    .for("update");
  const ids = some.map(({ projectId }) => projectId);
  if (ids.length === 0) return [];
  await tx.delete(publishedFiles).where(inArray(publishedFiles.projectId, ids));
  return tx.delete(projects).where(inArray(projects.projectId, ids)).returning();
}
