import { stateMachine } from "../lib/values/state-machine.ts";

/** Transitions of an execution. */
export const { states: executionStates, statesBefore } = stateMachine({
  running: ["succeeded", "failed", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
});

export type ExecutionState = (typeof executionStates)[number];

/** Final states of an execution. */
export type EndState = Exclude<ExecutionState, "running">;
