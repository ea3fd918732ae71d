import type { MethodImpl } from "@connectrpc/connect";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { ApprovalDeps } from "../deps.ts";
import { describeProject } from "../describe-project.ts";
import { projectNotFound } from "../errors.ts";
import * as repository from "../project-repository.ts";

export const getProject =
  ({ db }: ApprovalDeps): MethodImpl<typeof ProjectService.method.getProject> =>
  async ({ projectId }, context) => {
    const row = await repository.findProject(db, scopeOf(context), projectId);
    if (!row) throw projectNotFound(projectId);
    return { project: await describeProject(db, scopeOf(context), row) };
  };
