import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { CreateProjectResponseSchema, ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import { appendEvent } from "../audit/append-event.ts";
import { definitionOf } from "../definition.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNameTaken } from "../errors.ts";
import { fromDestination, fromPolicy, fromTables, toProject } from "../message.ts";
import { insertProject } from "../project-repository.ts";
import { refuseRepeated } from "../refuse-repeated.ts";
import { onceRequested } from "../requests.ts";

export const createProject =
  ({ db, sources }: ApprovalDeps): MethodImpl<typeof ProjectService.method.createProject> =>
  async (request, context) => {
    const { displayName, sourceId, tables, destination, policy } = required(request.project, "project");
    refuseRepeated(tables);
    const refusal = await sourceRefusal(sources, sourceId);
    try {
      return await onceRequested(
        db,
        scopeOf(context),
        { method: ProjectService.method.createProject, request },
        async (tx) => {
          if (refusal) throw refusal;
          const row = await insertProject(tx, scopeOf(context), {
            projectId: newId(),
            displayName,
            sourceId,
            tables: fromTables(tables),
            destination: fromDestination(required(destination, "project.destination")),
            approvalsRequired: fromPolicy(policy),
          });
          await appendEvent(tx, scopeOf(context), {
            projectId: row.projectId,
            type: EventType.CREATED,
            details: definitionOf(row),
          });
          return create(CreateProjectResponseSchema, { project: toProject(row) });
        },
      );
    } catch (error) {
      if (violatedConstraint(error) === "projects_display_name_unique") throw projectNameTaken(displayName);
      throw error;
    }
  };

/**
 * Why no project can be made on a source; undefined when one can. It is answered, not thrown, because a request that
 * was answered before gets the same answer again, whatever has become of the source since.
 */
async function sourceRefusal(
  sources: ApprovalDeps["sources"],
  sourceId: string,
): Promise<ConnectError | undefined> {
  try {
    await sources.getSource({ sourceId });
    return undefined;
  } catch (error) {
    const failed = ConnectError.from(error);
    if (failed.code !== Code.NotFound) return failed;
    return invalidField("project.source_id", `there is no source ${sourceId}`);
  }
}
