import { stateMachine } from "../lib/values/state-machine.ts";

/** Where an execution may go from each state. */
export const { states: executionStates, statesBefore } = stateMachine({
  running: ["succeeded", "failed", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
});

export type ExecutionState = (typeof executionStates)[number];

/** How an execution may end. */
export type EndState = Exclude<ExecutionState, "running">;
