import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { CreateProjectResponseSchema, ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import type { Source } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { hasNamespace } from "../../lib/database/scope.ts";
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
    const source = await readSource(sources, sourceId);
    const scope = scopeOf(context);
    const call = { method: ProjectService.method.createProject, request };
    try {
      const response = await onceRequested(db, scope, call, async (tx) => {
        if (source instanceof ConnectError) throw source;
        const row = await insertProject(tx, scope, {
          projectId: newId(),
          displayName,
          sourceId,
          namespace: source.namespace,
          tables: fromTables(tables),
          destination: fromDestination(required(destination, "project.destination")),
          approvalsRequired: fromPolicy(policy),
        });
        const event = { projectId: row.projectId, type: EventType.CREATED, details: definitionOf(row) };
        await appendEvent(tx, scope, event);
        return create(CreateProjectResponseSchema, { project: toProject(row) });
      });
      // The first response may be of a namespace in which this caller has no role, or none any more.
      if (!hasNamespace(scope, response.project?.namespace ?? "")) throw sourceUnknown(sourceId);
      return response;
    } catch (error) {
      if (violatedConstraint(error) === "projects_display_name_unique") throw projectNameTaken(displayName);
      throw error;
    }
  };

const sourceUnknown = (sourceId: string) =>
  invalidField("project.source_id", `there is no source ${sourceId}`);

/**
 * The source, or the error if no project can be made on it. It is returned, not thrown: a repeated request gets its first
 * response, even if the source has changed since.
 */
async function readSource(
  sources: ApprovalDeps["sources"],
  sourceId: string,
): Promise<Pick<Source, "namespace"> | ConnectError> {
  try {
    const { source } = await sources.getSource({ sourceId });
    return required(source, "project.source_id");
  } catch (error) {
    const failed = ConnectError.from(error);
    if (failed.code !== Code.NotFound) return failed;
    return sourceUnknown(sourceId);
  }
}
