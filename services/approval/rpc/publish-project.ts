import type { MethodImpl } from "@connectrpc/connect";
import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import type { ProjectService } from "../../../gen/sluice/approval/v1/projects_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { appendEvent } from "../audit/append-event.ts";
import type { ApprovalDeps } from "../deps.ts";
import { describeProject } from "../describe-project.ts";
import { approvalMissing, projectNotFound, publicationRefused, releaseCorrupt } from "../errors.ts";
import { findProject, findProjectForUpdate, moveProject, type ProjectRow } from "../project-repository.ts";
import { enqueuePublish } from "../release/queues.ts";
import { readUntil } from "../release/read-until.ts";
import { waitOf } from "../release/wait-of.ts";
import { countApprovals } from "../review-repository.ts";

/** How long the response waits for the lineage of a published release, in milliseconds. */
const lineageWaitMs = 2_000;

export const publishProject =
  (deps: ApprovalDeps): MethodImpl<typeof ProjectService.method.publishProject> =>
  async (request, context) => {
    const { db } = deps;
    const scope = scopeOf(context);
    const waitMs = waitOf(request, context);
    const begun = await db.transaction((tx) => begin(deps, tx, scope, request.projectId));
    const read = () => findProject(db, scope, request.projectId);
    const { signal } = context;
    const ended = await readUntil(read, (row) => row?.state !== "publishing", { waitMs, signal });
    // Wait for the lineage, so that the caller can read it next. Give up if it can't be recorded now.
    const row =
      ended?.state === "published" && begun !== "published"
        ? await readUntil(read, (project) => project?.lineageRecorded !== false, {
            waitMs: Math.min(waitMs, lineageWaitMs),
            signal,
          })
        : ended;
    if (!row) throw projectNotFound(request.projectId);
    if (row.state === "failed" || row.state === "approved") throw await refusal(db, scope, row);
    const project = await describeProject(db, scope, row);
    return { project, published: project.published };
  };

/** Begins the publication, or joins one that is in progress or done. Returns the state before. */
async function begin(
  deps: ApprovalDeps,
  tx: Db,
  scope: Scope,
  projectId: string,
): Promise<ProjectRow["state"]> {
  const project = await findProjectForUpdate(tx, scope, projectId);
  if (!project) throw projectNotFound(projectId);
  if (project.state === "published") return project.state;
  if (project.state !== "publishing") {
    const change = { errorMessage: null, errorReason: null };
    const moved = await moveProject(tx, scope, { projectId, to: "publishing", from: ["approved"] }, change);
    if (!moved) throw await refusal(tx, scope, project);
    await appendEvent(tx, scope, {
      projectId,
      type: EventType.PUBLISH_STARTED,
      details: { manifestSha256: project.manifestSha256 },
    });
    await enqueuePublish(deps, tx, scope, moved);
  } else {
    await enqueuePublish(deps, tx, scope, project);
  }
  return project.state;
}

/** The error for a project in any other state. */
async function refusal(db: Db, scope: Scope, project: ProjectRow) {
  const { projectId, manifestSha256, errorReason, errorMessage } = project;
  if (errorReason === "RELEASE_CORRUPT") return releaseCorrupt(projectId, errorMessage ?? "");
  if (errorReason) return publicationRefused(projectId, errorReason, errorMessage ?? "");
  const approvals = manifestSha256 ? await countApprovals(db, scope, { projectId, manifestSha256 }) : 0;
  return approvalMissing(project, approvals);
}
