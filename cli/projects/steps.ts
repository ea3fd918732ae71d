import { type Project, ProjectState, ProjectStateSchema } from "../../gen/sluice/approval/v1/projects_pb.ts";
import { neutralise } from "../terminal/neutralise.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { formatEnum } from "../terminal/value.ts";

/** The way of a release, in order. */
const steps: readonly { state: ProjectState; label: string; next: (id: string) => string }[] = [
  { state: ProjectState.DRAFT, label: "draft", next: (id) => `sluice projects validate ${id}` },
  { state: ProjectState.VALIDATED, label: "validated", next: (id) => `sluice projects package ${id}` },
  { state: ProjectState.PACKAGED, label: "packaged", next: (id) => `sluice projects submit ${id}` },
  {
    state: ProjectState.IN_REVIEW,
    label: "in review",
    next: (id) => `another user: sluice projects approve ${id}`,
  },
  { state: ProjectState.APPROVED, label: "approved", next: (id) => `sluice projects publish ${id}` },
  { state: ProjectState.PUBLISHED, label: "published", next: (id) => `sluice lineage ${id}` },
];

/** States beside the way, and where they go on. */
const asides: Readonly<Partial<Record<ProjectState, { label: string; next: (id: string) => string }>>> = {
  [ProjectState.PUBLISHING]: { label: "publishing", next: (id) => `sluice projects publish ${id}` },
  [ProjectState.REJECTED]: { label: "rejected", next: (id) => `sluice projects reviews ${id}` },
  [ProjectState.CHANGES_REQUESTED]: {
    label: "changes requested",
    next: (id) => `sluice projects reviews ${id}`,
  },
  [ProjectState.FAILED]: { label: "failed", next: (id) => `sluice projects validate ${id}` },
};

export const formatState = (state: ProjectState): string => formatEnum(ProjectStateSchema, state);

/** The way of the release with its current step, and the next one. */
export function showSteps(
  { style, note }: Terminal,
  { projectId, state, errorMessage, published }: Project,
): void {
  const at = steps.findIndex((step) => step.state === state);
  const aside = asides[state];
  const way = steps
    .map(({ label }, index) => (index === at ? style(`[${label}]`, "bold", "green") : label))
    .join(" → ");
  note(aside ? `${way}, now ${style(aside.label, "bold", "yellow")}` : way);
  if (errorMessage) note(`It failed: ${neutralise(errorMessage)}`);
  const next = published[0]
    ? `sluice lineage ${published[0].datasetId}`
    : (steps[at]?.next ?? aside?.next)?.(projectId);
  if (next) note(`Next: ${next}`);
}
