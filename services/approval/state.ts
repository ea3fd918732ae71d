import { ProjectState } from "../../gen/sluice/approval/v1/projects_pb.ts";

/** Which states a project may move to from each. */
const transitions = {
  draft: [],
} as const satisfies Record<string, readonly string[]>;

/** How far a project is, as its row says it. */
export type State = keyof typeof transitions;

export const states = Object.keys(transitions) as [State, ...State[]];

const messages: Record<State, ProjectState> = { draft: ProjectState.DRAFT };

/** The contract's word for a state. */
export const toProjectState = (state: State): ProjectState => messages[state];

/** The row's word for a state of the contract; undefined for the unspecified one. */
export const fromProjectState = (state: ProjectState): State | undefined =>
  states.find((name) => messages[name] === state);
