import type { MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound, stateConflict } from "../errors.ts";
import { listPackagedFiles } from "../file-repository.ts";
import { formatOf, toPackagedFile, toProject } from "../message.ts";
import { findProject, findProjectForUpdate, moveProject, withoutPackage } from "../project-repository.ts";
import { enqueuePackage } from "../release/queues.ts";
import { readUntil } from "../release/read-until.ts";
import { isBeingPackaged, removePackage } from "../release/remove-package.ts";
import { waitOf } from "../release/wait-of.ts";
import { packageable } from "../state.ts";

export const packageProject =
  (deps: ApprovalDeps): MethodImpl<typeof ProjectService.method.packageProject> =>
  async (request, context) => {
    const { projectId } = request;
    const scope = scopeOf(context);
    await deps.db.transaction((tx) => begin(deps, tx, scope, projectId));
    const row = await readUntil(
      () => findProject(deps.db, scope, projectId),
      // If another call starts a new package, this call waits for that one.
      (project) => project === undefined || !isBeingPackaged(project),
      { waitMs: waitOf(request, context), signal: context.signal },
    );
    if (!row) throw projectNotFound(projectId);
    const files = row.state === "packaged" ? await listPackagedFiles(deps.db, scope, projectId) : [];
    return { project: toProject(row), files: files.map((file) => toPackagedFile(formatOf(row), file)) };
  };

/** Begins a package, or joins the one in progress. */
async function begin(deps: ApprovalDeps, tx: Db, scope: Scope, projectId: string): Promise<void> {
  const project = await findProjectForUpdate(tx, scope, projectId);
  if (!project) throw projectNotFound(projectId);
  if (project.packageId !== null && isBeingPackaged(project)) {
    await enqueuePackage(deps, tx, scope, projectId, project.packageId);
    return;
  }
  const packageId = newId();
  const move = { projectId, to: "validated", from: packageable } as const;
  if (!(await moveProject(tx, scope, move, { ...withoutPackage, packageId }))) {
    throw stateConflict(project, `only one that is ${packageable.join(" or ")} can be packaged`);
  }
  await removePackage(deps, tx, scope, project);
  await appendEvent(tx, scope, { projectId, type: EventType.PACKAGE_STARTED, details: { packageId } });
  await enqueuePackage(deps, tx, scope, projectId, packageId);
}
