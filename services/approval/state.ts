import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { enumWords } from "../lib/values/enum-words.ts";
import { stateMachine } from "../lib/values/state-machine.ts";

/** Allowed transitions. Editing leads back to draft, a new package to validated. */
export const { states, statesBefore } = stateMachine({
  draft: ["validated"],
  validated: ["draft", "packaged", "failed"],
  packaged: ["draft", "validated", "in_review"],
  in_review: ["approved", "rejected", "changes_requested"],
  approved: ["publishing"],
  // Back to approved if the cause of the failure can be removed.
  publishing: ["published", "approved", "failed"],
  published: [],
  rejected: [],
  changes_requested: ["draft", "validated"],
  failed: ["draft", "validated"],
});

/** State of a project as stored. */
export type State = (typeof states)[number];

/** States in which a project may be edited. It becomes a draft. */
export const editable: readonly State[] = ["draft", ...statesBefore("draft")];

/** States in which a project may be validated. */
export const validatable: readonly State[] = ["draft", "validated", "changes_requested", "failed"];

/** States in which a project may be packaged. */
export const packageable: readonly State[] = ["validated", "packaged"];

/** States in which a project may be deleted. */
export const deletable: readonly State[] = [...editable, "rejected"];

/** States in which a project has a manifest. */
export const withManifest: readonly State[] = [
  "packaged",
  "in_review",
  "approved",
  "publishing",
  "published",
  "rejected",
  "changes_requested",
];

/** The state unspecified has no word. */
export const { toValue: toProjectState, toWord: fromProjectState } = enumWords<State, ProjectState>({
  draft: ProjectState.DRAFT,
  validated: ProjectState.VALIDATED,
  packaged: ProjectState.PACKAGED,
  in_review: ProjectState.IN_REVIEW,
  approved: ProjectState.APPROVED,
  publishing: ProjectState.PUBLISHING,
  published: ProjectState.PUBLISHED,
  rejected: ProjectState.REJECTED,
  changes_requested: ProjectState.CHANGES_REQUESTED,
  failed: ProjectState.FAILED,
});
