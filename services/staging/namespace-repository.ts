import { inArray } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { closeNamespace, openNamespace } from "../lib/database/namespace-gate.ts";
import { within } from "../lib/database/scope.ts";
import { closedNamespaces, jobs } from "./schema.ts";

/** A namespace of an organisation. Identity names it; there is no caller. */
export type NamespaceKey = { readonly orgId: string; readonly namespace: string };

/** Jobs per call: they share a transaction. */
const deletedMax = 500;

const inNamespace = ({ orgId, namespace }: NamespaceKey) => within({ orgId, namespaces: [namespace] }, jobs);

export const open = (tx: Db, key: NamespaceKey) => openNamespace(tx, closedNamespaces, key);

export const close = (tx: Db, key: NamespaceKey, forGood: boolean) =>
  closeNamespace(tx, closedNamespaces, key, { forGood });

export const countJobs = (db: Db, key: NamespaceKey): Promise<number> => db.$count(jobs, inNamespace(key));

/** Deletes up to 500 jobs with their chunks. Returns their ids. */
export async function deleteSomeJobs(tx: Db, key: NamespaceKey): Promise<string[]> {
  const some = tx.select({ jobId: jobs.jobId }).from(jobs).where(inNamespace(key)).limit(deletedMax);
  const rows = await tx.delete(jobs).where(inArray(jobs.jobId, some)).returning({ jobId: jobs.jobId });
  return rows.map(({ jobId }) => jobId);
}
