import type { MethodImpl } from "@connectrpc/connect";
import {
  type Project,
  ProjectSchema,
  type ProjectService,
  type UpdateProjectRequest,
} from "../../../gen/sluice/approval/v1/projects_pb.ts";
import type { Db } from "../../lib/database.ts";
import { violatedConstraint } from "../../lib/database-failure.ts";
import { etagMismatch } from "../../lib/errors.ts";
import { type Scope, scopeOf } from "../../lib/guard.ts";
import { fieldsToUpdate, required, revisionOf } from "../../lib/updates.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNameTaken, projectNotDraft, projectNotFound } from "../errors.ts";
import { fromDestination, fromTables, toProject } from "../message.ts";
import { findProject, type ProjectChange, updateDraft } from "../project-repository.ts";

const writable = ["display_name", "tables", "destination"] as const;

export const updateProject =
  ({ db }: ApprovalDeps): MethodImpl<typeof ProjectService.method.updateProject> =>
  async (request, context) => {
    const project = required(request.project, "project");
    const change = changeOf(project, request);
    const row = await updateNamed(db, scopeOf(context), project, change);
    if (row) return { project: toProject(row) };
    const current = await findProject(db, scopeOf(context), project.projectId);
    if (!current) throw projectNotFound(project.projectId);
    if (current.state !== "draft") throw projectNotDraft(project.projectId, current.state);
    throw etagMismatch("project", project.projectId);
  };

function changeOf(project: Project, { updateMask }: UpdateProjectRequest): ProjectChange {
  const change: ProjectChange = {};
  for (const field of fieldsToUpdate(ProjectSchema, project, updateMask, writable)) {
    if (field === "display_name") change.displayName = required(project.displayName, "project.display_name");
    if (field === "tables") change.tables = fromTables(required(project.tables, "project.tables"));
    if (field === "destination") {
      change.destination = fromDestination(required(project.destination, "project.destination"));
    }
  }
  return change;
}

async function updateNamed(db: Db, scope: Scope, project: Project, change: ProjectChange) {
  try {
    return await updateDraft(db, scope, project.projectId, revisionOf(project.etag), change);
  } catch (error) {
    if (violatedConstraint(error) === "projects_display_name_unique")
      throw projectNameTaken(project.displayName);
    throw error;
  }
}
