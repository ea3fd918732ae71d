import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, notFound } from "../lib/rpc/errors.ts";
import type { ProjectRow } from "./project-repository.ts";
import type { StoredReason } from "./schema.ts";
import type { State } from "./state.ts";

export const projectNotFound = (projectId: string): ConnectError => notFound("project", projectId);

export const projectNameTaken = (displayName: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, `a project named ${displayName} exists already`, {
    displayName,
  });

/** `needed` says what would be right, as `only a packaged project can be submitted`. */
export const stateConflict = (project: ProjectRow, needed: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `project ${project.projectId} is ${stateText(project)}: ${needed}`,
    { project: project.projectId, state: project.state },
  );

export const sourceChanged = (sourceId: string, problems: readonly string[]): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.SOURCE_CHANGED,
    `source ${sourceId} does not have what the project releases: ${summaryOf(problems)}`,
    { source: sourceId },
  );

export const sourceUnreachable = (sourceId: string, reason: string): ConnectError =>
  failure(
    Code.Unavailable,
    ErrorReason.SOURCE_UNREACHABLE,
    `source ${sourceId} can't be reached: ${reason}`,
    { source: sourceId },
  );

export const selfReview = (projectId: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.SELF_REVIEW,
    `project ${projectId} was made or submitted by the caller: another user has to review it`,
    { project: projectId },
  );

export const manifestMismatch = (projectId: string, manifestSha256: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.MANIFEST_MISMATCH,
    `manifest ${manifestSha256} is not the one of project ${projectId} that is in review`,
    { project: projectId },
  );

/** `approvals`: how many users approved the manifest that is in review. */
export const approvalMissing = (project: ProjectRow, approvals: number): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.APPROVAL_MISSING,
    `project ${project.projectId} can't be published: it ${missingSteps(project, approvals)}`,
    { project: project.projectId, state: project.state },
  );

export const releaseCorrupt = (projectId: string, message: string): ConnectError =>
  failure(Code.FailedPrecondition, ErrorReason.RELEASE_CORRUPT, message, { project: projectId });

const refusalCodes: Record<Exclude<StoredReason, "RELEASE_CORRUPT">, Code> = {
  QUOTA_EXCEEDED: Code.ResourceExhausted,
  DISK_FULL: Code.ResourceExhausted,
  PERMISSION_MISSING: Code.PermissionDenied,
};

/** What was in the way of a publication that can be asked for again. */
export const publicationRefused = (
  projectId: string,
  reason: keyof typeof refusalCodes,
  message: string,
): ConnectError => failure(refusalCodes[reason], ErrorReason[reason], message, { project: projectId });

/** Problems that one answer names: an error travels in a header, which has to stay small. */
const problemsMax = 5;

const summaryOf = (problems: readonly string[]): string => {
  const more = problems.length - problemsMax;
  return [...problems.slice(0, problemsMax), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
};

/** A project's state in words; that it is being packaged is no state of its own. */
const stateText = ({ state, packageId }: ProjectRow): string =>
  state === "validated" && packageId !== null ? "being packaged" : state.replaceAll("_", " ");

/** What a project lacks to be published. */
function missingSteps(project: ProjectRow, approvals: number): string {
  const steps: Partial<Record<State, string>> = {
    draft: "has not been validated, packaged, submitted for review and approved",
    validated: "has not been packaged, submitted for review and approved",
    packaged: "has not been submitted for review and approved",
    in_review: `has ${approvals} of the ${project.approvalsRequired} approvals that its policy asks for`,
    changes_requested:
      "has to be changed as a reviewer asked, and then validated, packaged, submitted for review and approved",
    rejected: "was rejected by a reviewer",
    failed: `failed (${project.errorMessage}), and has to be validated, packaged, submitted for review and approved again`,
  };
  return steps[project.state] ?? `is ${stateText(project)}`;
}
