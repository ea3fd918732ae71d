import type { Db } from "../../lib/database.ts";
import type { Scope } from "../../lib/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import type { ProjectRow } from "../project-repository.ts";
import { type Asker, askerOf } from "./on-behalf-of.ts";

/** A package to make, or a release to publish; void when the project has another package by then. */
export type PackageWork = { projectId: string; packageId: string; asker: Asker };

/** Staged bytes that nobody needs any more. */
export type DiscardWork = { stagingJobId: string; asker: Asker };

export const queues = { package: "package", publish: "publish", discard: "discard" } as const;

type Enqueue = Pick<ApprovalDeps, "jobs">;

// A package is made once and published once: its id keeps a second job of either kind out.
const enqueueFor =
  (queue: string) =>
  ({ jobs }: Enqueue, tx: Db, scope: Scope, projectId: string, packageId: string): Promise<void> => {
    const work: PackageWork = { projectId, packageId, asker: askerOf(scope) };
    return jobs.enqueue(tx, queue, work, { key: packageId });
  };

/** Has the package made, unless that is under way. */
export const enqueuePackage = enqueueFor(queues.package);

/** Has the package published, unless that is under way. */
export const enqueuePublish = enqueueFor(queues.publish);

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
