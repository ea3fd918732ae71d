import { EventType } from "../../../gen/sluice/approval/v1/audit_pb.ts";
import { typeName } from "../audit/event-hash.ts";
import type { ApprovalDeps } from "../deps.ts";
import { findLastActor } from "../event-repository.ts";
import { listUnfinished } from "../project-repository.ts";
import { scopeFor } from "./on-behalf-of.ts";
import { enqueuePackage, enqueuePublish } from "./queues.ts";

/**
 * Enqueues unfinished packages and publications again. The queue can have lost them, for example after a restore
 * without it; keys keep the others single. The asker is read from the events.
 */
export async function resumeWork(deps: Pick<ApprovalDeps, "db" | "jobs">): Promise<void> {
  for (const project of await listUnfinished(deps.db)) {
    const { orgId, projectId, packageId, state } = project;
    const begun = state === "validated" ? EventType.PACKAGE_STARTED : EventType.PUBLISH_STARTED;
    const userId = await findLastActor(deps.db, { orgId }, projectId, typeName(begun));
    if (packageId === null || userId === undefined) continue;
    const scope = scopeFor({ orgId, userId });
    if (state === "validated") await enqueuePackage(deps, deps.db, scope, projectId, packageId);
    else await enqueuePublish(deps, deps.db, scope, project);
  }
}
