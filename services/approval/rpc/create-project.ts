import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import { CreateProjectResponseSchema, ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { violatedConstraint } from "../../lib/database-failure.ts";
import { invalidField } from "../../lib/errors.ts";
import { scopeOf } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import { required } from "../../lib/updates.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNameTaken } from "../errors.ts";
import { fromDestination, fromTables, toProject } from "../message.ts";
import { insertProject } from "../project-repository.ts";
import { onceRequested } from "../requests.ts";

export const createProject =
  ({ db, sources }: ApprovalDeps): MethodImpl<typeof ProjectService.method.createProject> =>
  async (request, context) => {
    const { displayName, sourceId, tables, destination } = required(request.project, "project");
    await refuseUnknownSource(sources, sourceId);
    try {
      return await onceRequested(
        db,
        scopeOf(context),
        { method: ProjectService.method.createProject, request },
        async (tx) => {
          const row = await insertProject(tx, scopeOf(context), {
            projectId: newId(),
            displayName,
            sourceId,
            tables: fromTables(tables),
            destination: fromDestination(required(destination, "project.destination")),
          });
          return create(CreateProjectResponseSchema, { project: toProject(row) });
        },
      );
    } catch (error) {
      if (violatedConstraint(error) === "projects_display_name_unique") throw projectNameTaken(displayName);
      throw error;
    }
  };

async function refuseUnknownSource(sources: ApprovalDeps["sources"], sourceId: string): Promise<void> {
  try {
    await sources.getSource({ sourceId });
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
    throw invalidField("project.source_id", `there is no source ${sourceId}`);
  }
}
