import type { MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound, stateConflict } from "../errors.ts";
import * as repository from "../project-repository.ts";
import { isBeingPackaged, removePackage } from "../release/remove-package.ts";
import { deletable } from "../state.ts";

export const deleteProject =
  (deps: ApprovalDeps): MethodImpl<typeof ProjectService.method.deleteProject> =>
  ({ projectId }, context) =>
    deps.db.transaction(async (tx) => {
      const scope = scopeOf(context);
      const project = await repository.findProjectForUpdate(tx, scope, projectId);
      if (!project) throw projectNotFound(projectId);
      if (!deletable.includes(project.state) || isBeingPackaged(project)) {
        throw stateConflict(
          project,
          `only one that is ${deletable.join(", ").replaceAll("_", " ")} can be removed`,
        );
      }
      await removePackage(deps, tx, scope, project);
      await repository.deleteProject(tx, scope, projectId);
      await appendEvent(tx, scope, {
        projectId,
        type: EventType.DELETED,
        details: { displayName: project.displayName, state: project.state },
      });
      return {};
    });
