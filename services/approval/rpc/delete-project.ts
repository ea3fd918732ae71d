import type { MethodImpl } from "@connectrpc/connect";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { scopeOf } from "../../lib/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotDraft, projectNotFound } from "../errors.ts";
import { deleteDraft, findProject } from "../project-repository.ts";

export const deleteProject =
  ({ db }: ApprovalDeps): MethodImpl<typeof ProjectService.method.deleteProject> =>
  async ({ projectId }, context) => {
    if (await deleteDraft(db, scopeOf(context), projectId)) return {};
    const current = await findProject(db, scopeOf(context), projectId);
    if (!current) throw projectNotFound(projectId);
    throw projectNotDraft(projectId, current.state);
  };
