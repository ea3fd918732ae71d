import { ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { type GuardedService, guard } from "../lib/guard.ts";
import type { ApprovalDeps } from "./deps.ts";
import { createProject } from "./rpc/create-project.ts";
import { deleteProject } from "./rpc/delete-project.ts";
import { getProject, listProjects } from "./rpc/read-projects.ts";
import { updateProject } from "./rpc/update-project.ts";

/** Every service of approval, guarded. */
export function approvalServices(deps: ApprovalDeps): GuardedService[] {
  return [
    guard(ProjectService, {
      createProject: createProject(deps),
      getProject: getProject(deps),
      listProjects: listProjects(deps),
      updateProject: updateProject(deps),
      deleteProject: deleteProject(deps),
    }),
  ];
}
