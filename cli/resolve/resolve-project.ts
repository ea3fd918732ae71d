import { type Project, ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Call } from "../command/call.ts";
import { readAll } from "../command/list.ts";
import { resolveId } from "./resolve-id.ts";

/** The id of a project, by its name or its id. */
export const resolveProject = (call: Call, nameOrId: string): Promise<string> =>
  resolveId(
    nameOrId,
    "project",
    () => readAll(call, ProjectService, ProjectService.method.listProjects, {}, ({ projects }) => projects),
    { id: ({ projectId }: Project) => projectId, name: ({ displayName }: Project) => displayName },
  );
