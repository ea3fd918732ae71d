import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import { deletePackagedFiles } from "../file-repository.ts";
import type { ProjectRow } from "../project-repository.ts";
import { enqueueDiscard } from "./queues.ts";

/** Whether a project's package is being made at this moment. */
export const isBeingPackaged = ({ state, packageId }: ProjectRow): boolean =>
  state === "validated" && packageId !== null;

/** Removes what belongs to a project's package; its columns are the caller's to empty. */
export async function removePackage(
  deps: Pick<ApprovalDeps, "jobs">,
  tx: Db,
  scope: Scope,
  project: ProjectRow,
): Promise<void> {
  await deletePackagedFiles(tx, scope, project.projectId);
  await enqueueDiscard(deps, tx, scope, project);
}
