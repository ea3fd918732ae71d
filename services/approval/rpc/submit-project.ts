import type { MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { ReviewService } from "../../../gen/sluice/approval/v1/reviews_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import { projectNotFound, stateConflict } from "../errors.ts";
import { toProject } from "../message.ts";
import { findProject, moveProject } from "../project-repository.ts";

export const submitProject =
  ({ db }: ApprovalDeps): MethodImpl<typeof ReviewService.method.submitProject> =>
  ({ projectId }, context) =>
    db.transaction(async (tx) => {
      const scope = scopeOf(context);
      const submitter = { submitterUserId: scope.principal.userId };
      const submitted = await moveProject(tx, scope, { projectId, to: "in_review" }, submitter);
      if (submitted) {
        const details = { manifestSha256: submitted.manifestSha256 };
        await appendEvent(tx, scope, { projectId, type: EventType.SUBMITTED, details });
        return { project: toProject(submitted) };
      }
      const current = await findProject(tx, scope, projectId);
      if (!current) throw projectNotFound(projectId);
      if (current.state === "in_review") return { project: toProject(current) };
      throw stateConflict(current, "only one that is packaged can be submitted");
    });
