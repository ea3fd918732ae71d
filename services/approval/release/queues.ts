import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import type { ProjectRow } from "../project-repository.ts";
import { type Asker, askerOf } from "./on-behalf-of.ts";

/** A package to make, or a release to publish; void when the project has another package by then. */
export type PackageWork = { projectId: string; packageId: string; asker: Asker };

/** Staged bytes that nobody needs any more. */
export type DiscardWork = { stagingJobId: string; asker: Asker };

export const queues = { package: "package", publish: "publish", discard: "discard" } as const;

type Enqueue = Pick<ApprovalDeps, "jobs">;

/** Has a project's package made, unless that is under way: each package has an id of its own. */
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
 * Has a project's package published, unless that is under way. Nothing changes the project's revision meanwhile; an
 * attempt after one that was refused has another, so that the end of that one does not keep it out.
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

/** Has the staged bytes of a project's package removed, if it has some. */
export async function enqueueDiscard(
  { jobs }: Enqueue,
  tx: Db,
  scope: Scope,
  { stagingJobId }: Pick<ProjectRow, "stagingJobId">,
): Promise<void> {
  if (stagingJobId === null) return;
  const work: DiscardWork = { stagingJobId, asker: askerOf(scope) };
  await jobs.enqueue(tx, queues.discard, work, { key: stagingJobId });
}
