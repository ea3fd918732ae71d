import type { MethodImpl } from "@connectrpc/connect";
import type { AuditService } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { cutPage, pageOf } from "../../lib/rpc/paging.ts";
import { toEvent } from "../audit/event-hash.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound } from "../errors.ts";
import { listProjectEvents } from "../event-repository.ts";
import { findProject } from "../project-repository.ts";

export const listEvents =
  ({ db }: ApprovalDeps): MethodImpl<typeof AuditService.method.listEvents> =>
  async (request, context) => {
    const { projectId } = request;
    const scope = scopeOf(context);
    const page = pageOf(request, [projectId], isSequence);
    const read = await listProjectEvents(db, scope, projectId, page);
    const isUnknown = read.length === 0 && page.after === undefined;
    if (isUnknown && !(await findProject(db, scope, projectId))) throw projectNotFound(projectId);
    const { rows, nextPageToken } = cutPage(read, page, ({ sequence }) => String(sequence));
    return { events: rows.map(toEvent), nextPageToken };
  };

/** Whether the text fits into the column of sequence numbers. */
const isSequence = (text: string): boolean => /^\d{1,18}$/.test(text);
