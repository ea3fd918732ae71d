import type { HandlerContext } from "@connectrpc/connect";
import { EventType } from "../../gen/sluice/approval/v1/audit_pb.ts";
import type { ApproveProjectRequest } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import type { Db } from "../lib/database/database.ts";
import { type Scope, scopeOf } from "../lib/rpc/guard.ts";
import { newId } from "../lib/values/ids.ts";
import { appendEvent } from "./audit/append-event.ts";
import type { ApprovalDeps } from "./deps.ts";
import { describeProject } from "./describe-project.ts";
import { manifestMismatch, projectNotFound, selfReview, stateConflict } from "./errors.ts";
import { toProject, toReview } from "./message.ts";
import { findProjectForUpdate, moveProject, type ProjectRow } from "./project-repository.ts";
import { enqueueDiscard } from "./release/queues.ts";
import { countApprovals, findOwnReview, insertReview, type NewReview } from "./review-repository.ts";

type Decision = NewReview["decision"];
type DecisionRequest = Pick<ApproveProjectRequest, "projectId" | "manifestSha256" | "comment">;

const eventTypes: Record<Decision, EventType> = {
  approved: EventType.APPROVED,
  rejected: EventType.REJECTED,
  changes_requested: EventType.CHANGES_REQUESTED,
};

/** The handler of one decision: records the review, and moves the project once enough approvals are there. */
export const decideProject =
  (deps: ApprovalDeps, decision: Decision) =>
  ({ projectId, manifestSha256, comment }: DecisionRequest, context: HandlerContext) =>
    deps.db.transaction(async (tx) => {
      const scope = scopeOf(context);
      const project = await findProjectForUpdate(tx, scope, projectId);
      if (!project) throw projectNotFound(projectId);
      refuseOwner(project, scope);
      const known = await findOwnReview(tx, scope, { projectId, manifestSha256, decision });
      // A decision about a former manifest is none about this one.
      if (known && project.manifestSha256 === manifestSha256) {
        return { project: await describeProject(tx, scope, project), review: toReview(known) };
      }
      refuseUnreviewable(project, manifestSha256);
      const review = { reviewId: newId(), projectId, manifestSha256, decision, comment };
      const row = await insertReview(tx, scope, review);
      const decided = await applyDecision(deps, tx, scope, project, review);
      return { project: toProject(decided), review: toReview(row) };
    });

function refuseOwner({ projectId, creatorUserId, submitterUserId }: ProjectRow, { principal }: Scope): void {
  if ([creatorUserId, submitterUserId].includes(principal.userId)) throw selfReview(projectId);
}

function refuseUnreviewable(project: ProjectRow, manifestSha256: string): void {
  if (project.state !== "in_review") throw stateConflict(project, "only one in review can be decided about");
  if (project.manifestSha256 !== manifestSha256) throw manifestMismatch(project.projectId, manifestSha256);
}

/** Moves the project where the decision leads: an approval leaves it in review until there are enough. */
async function applyDecision(
  deps: ApprovalDeps,
  tx: Db,
  scope: Scope,
  project: ProjectRow,
  { projectId, manifestSha256, decision, reviewId, comment }: NewReview,
): Promise<ProjectRow> {
  const from = ["in_review"] as const;
  const approvals = await countApprovals(tx, scope, { projectId, manifestSha256 });
  const isOpen = decision === "approved" && approvals < project.approvalsRequired;
  const row = await moveProject(tx, scope, { projectId, to: isOpen ? "in_review" : decision, from });
  if (!row) throw projectNotFound(projectId);
  // What can't be published any more need not stay.
  if (decision !== "approved") await enqueueDiscard(deps, tx, scope, row);
  const details = { manifestSha256, reviewId, comment };
  await appendEvent(tx, scope, { projectId, type: eventTypes[decision], details });
  return row;
}
