import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import type { ProjectRow } from "../project-repository.ts";
import { type Asker, askerOf } from "./on-behalf-of.ts";

/** A package to make or a release to publish. It is ignored if the project has another package by then. */
export type PackageWork = { projectId: string; packageId: string; asker: Asker };

/** Staged files to remove. Work of versions before has no package. */
export type DiscardWork = { stagingJobId: string; packageId?: string; asker: Asker };

export const queues = { package: "package", publish: "publish", discard: "discard" } as const;

type Enqueue = Pick<ApprovalDeps, "jobs">;

/** Enqueues a project's package, unless it is enqueued already. Each package has its own id. */
export async function enqueuePackage(
  { jobs }: Enqueue,
  tx: Db,
  scope: Scope,
  projectId: string,
  packageId: string,
): Promise<void> {
  const work: PackageWork = { projectId, packageId, asker: askerOf(scope) };
  await jobs.enqueue(tx, queues.package, work, { key: packageId });
}

/**
 * Enqueues the publication of a project's package, unless it is enqueued already. The key contains the revision: it is
 * constant during one attempt, and a retry after a refusal has a new one.
 */
export async function enqueuePublish(
  { jobs }: Enqueue,
  tx: Db,
  scope: Scope,
  { projectId, packageId, revision }: Pick<ProjectRow, "projectId" | "packageId" | "revision">,
): Promise<void> {
  if (packageId === null) throw new Error("a project without a package is published");
  const work: PackageWork = { projectId, packageId, asker: askerOf(scope) };
  await jobs.enqueue(tx, queues.publish, work, { key: `${packageId}/${revision}` });
}

/** Enqueues the removal of the staged files of a project's package. */
export async function enqueueDiscard(
  { jobs }: Enqueue,
  tx: Db,
  scope: Scope,
  { stagingJobId, packageId }: Pick<ProjectRow, "stagingJobId" | "packageId">,
): Promise<void> {
  if (stagingJobId === null) return;
  const work: DiscardWork = { stagingJobId, ...(packageId && { packageId }), asker: askerOf(scope) };
  await jobs.enqueue(tx, queues.discard, work, { key: stagingJobId });
}
