/** Where an execution may go from each state. */
export const transitions = {
  running: ["succeeded", "failed", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<string, readonly string[]>;

export type ExecutionState = keyof typeof transitions;

/** How an execution may end. */
export type EndState = (typeof transitions)["running"][number];

export const executionStates = Object.keys(transitions) as [ExecutionState, ...ExecutionState[]];

/** The states from which an execution may go to this one. */
export const statesBefore = (state: ExecutionState): ExecutionState[] =>
  executionStates.filter((from) => (transitions[from] as readonly string[]).includes(state));
