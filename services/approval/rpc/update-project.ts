import type { MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import {
  type Project,
  ProjectSchema,
  type ProjectService,
  type UpdateProjectRequest,
} from "../../../gen/sluice/approval/v1/projects_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import { appendEvent } from "../audit/append-event.ts";
import { definitionOf } from "../definition.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNameTaken, projectNotFound, stateConflict } from "../errors.ts";
import { fromDestination, fromPolicy, fromTables, toProject } from "../message.ts";
import {
  findProjectForUpdate,
  moveProject,
  type ProjectChange,
  type ProjectRow,
  withoutPackage,
} from "../project-repository.ts";
import { refuseRepeated } from "../refuse-repeated.ts";
import { isBeingPackaged, removePackage } from "../release/remove-package.ts";
import { editable } from "../state.ts";

const updates = updatesOf(ProjectSchema, {
  key: "project_id",
  writable: ["display_name", "tables", "destination", "policy"],
});

export const updateProject =
  (deps: ApprovalDeps): MethodImpl<typeof ProjectService.method.updateProject> =>
  async (request, context) => {
    const project = required(request.project, "project");
    const change = changeOf(project, request);
    try {
      return await deps.db.transaction(async (tx) => {
        const row = await edit(deps, tx, scopeOf(context), request, change);
        return { project: toProject(row) };
      });
    } catch (error) {
      if (violatedConstraint(error) === "projects_display_name_unique") {
        throw projectNameTaken(project.displayName);
      }
      throw error;
    }
  };

function changeOf(project: Project, { updateMask }: UpdateProjectRequest): ProjectChange {
  const change: ProjectChange = {};
  for (const field of updates.fieldsOf(project, updateMask)) {
    if (field === "display_name") change.displayName = required(project.displayName, "project.display_name");
    if (field === "policy") change.approvalsRequired = fromPolicy(project.policy);
    if (field === "tables") {
      refuseRepeated(project.tables);
      change.tables = fromTables(required(project.tables, "project.tables"));
    }
    if (field === "destination") {
      change.destination = fromDestination(required(project.destination, "project.destination"));
    }
  }
  return change;
}

async function edit(
  deps: ApprovalDeps,
  tx: Db,
  scope: Scope,
  { project, updateMask }: UpdateProjectRequest,
  change: ProjectChange,
): Promise<ProjectRow> {
  const given = required(project, "project");
  const { projectId, etag } = given;
  const current = await findProjectForUpdate(tx, scope, projectId);
  if (!current) throw projectNotFound(projectId);
  if (!editable.includes(current.state) || isBeingPackaged(current)) {
    throw stateConflict(
      current,
      `only one that is ${editable.join(", ").replaceAll("_", " ")} can be changed`,
    );
  }
  const revision = revisionOf(etag);
  if (revision !== undefined && revision !== current.revision) throw etagMismatch("project", projectId);
  updates.refuseReadOnly(given, updateMask, toProject(current));
  await removePackage(deps, tx, scope, current);
  const row = await moveProject(
    tx,
    scope,
    { projectId, to: "draft", from: editable },
    { ...withoutPackage, ...change, foundTables: null },
  );
  if (!row) throw projectNotFound(projectId);
  await appendEvent(tx, scope, { projectId, type: EventType.UPDATED, details: definitionOf(row) });
  return row;
}
