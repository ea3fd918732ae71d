import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toEvent } from "../audit/event-hash.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound } from "../errors.ts";
import { hasEvents, listProjectEvents } from "../event-repository.ts";
import { findProject } from "../project-repository.ts";

export const listEvents =
  ({ db }: ApprovalDeps): MethodImpl<typeof AuditService.method.listEvents> =>
  async (request, context) => {
    const { projectId } = request;
    const scope = scopeOf(context);
    // Events of a deleted project have no namespace any more.
    if (scope.namespaces !== "all" && !(await findProject(db, scope, projectId)))
      throw projectNotFound(projectId);
    const { rows, ...page } = await listProjectEvents(db, scope, projectId, request);
    // A project's creation is an event: there is no project without one.
    if (rows.length === 0 && !(await hasEvents(db, scope, projectId))) throw projectNotFound(projectId);
    return { events: rows.map(toEvent), ...page };
  };
