import { AuditService } from "../../gen/sluice/approval/v1/audit_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/approval/v1/namespaces_pb.ts";
import { ProjectService } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { ReviewService } from "../../gen/sluice/approval/v1/reviews_pb.ts";
import { type GuardedService, guard } from "../lib/rpc/guard.ts";
import type { ApprovalDeps } from "./deps.ts";
import { approveProject } from "./rpc/approve-project.ts";
import { createProject } from "./rpc/create-project.ts";
import { deleteProject } from "./rpc/delete-project.ts";
import { getProject } from "./rpc/get-project.ts";
import { listEvents } from "./rpc/list-events.ts";
import { listOrgEvents } from "./rpc/list-org-events.ts";
import { listProjects } from "./rpc/list-projects.ts";
import { listReviews } from "./rpc/list-reviews.ts";
import { packageProject } from "./rpc/package-project.ts";
import { publishProject } from "./rpc/publish-project.ts";
import { rejectProject } from "./rpc/reject-project.ts";
import { requestChanges } from "./rpc/request-changes.ts";
import { setNamespaceState } from "./rpc/set-namespace-state.ts";
import { submitProject } from "./rpc/submit-project.ts";
import { updateProject } from "./rpc/update-project.ts";
import { validateProject } from "./rpc/validate-project.ts";
import { verifyChain } from "./rpc/verify-chain.ts";

/** Services of the approval process, with authorisation and validation. */
export function approvalServices(deps: ApprovalDeps): GuardedService[] {
  return [
    guard(ProjectService, {
      createProject: createProject(deps),
      getProject: getProject(deps),
      listProjects: listProjects(deps),
      updateProject: updateProject(deps),
      deleteProject: deleteProject(deps),
      validateProject: validateProject(deps),
      packageProject: packageProject(deps),
      publishProject: publishProject(deps),
    }),
    guard(ReviewService, {
      submitProject: submitProject(deps),
      approveProject: approveProject(deps),
      rejectProject: rejectProject(deps),
      requestChanges: requestChanges(deps),
      listReviews: listReviews(deps),
    }),
    guard(NamespaceContentService, { setNamespaceState: setNamespaceState(deps) }),
    guard(AuditService, {
      listEvents: listEvents(deps),
      listOrgEvents: listOrgEvents(deps),
      verifyChain: verifyChain(deps),
    }),
  ];
}
