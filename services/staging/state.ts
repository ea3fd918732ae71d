import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { wordOf } from "../lib/values/enum-words.ts";
import { stateMachine } from "../lib/values/state-machine.ts";

/** Where a job may go from each state. A running job's next worker moves it to running again. */
export const { states, endStates, statesBefore } = stateMachine({
  queued: ["running", "paused", "failed", "cancelled"],
  // Back to the queue when it has to be tried again.
  running: ["running", "queued", "paused", "succeeded", "failed", "cancelled"],
  paused: ["queued", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
});

/** How a job stands, as its row says it. */
export type State = (typeof states)[number];

export const hasEnded = (state: State): boolean => endStates.includes(state);

const messages: Record<State, JobState> = {
  queued: JobState.QUEUED,
  running: JobState.RUNNING,
  paused: JobState.PAUSED,
  succeeded: JobState.SUCCEEDED,
  failed: JobState.FAILED,
  cancelled: JobState.CANCELLED,
};

/** The contract's word for a state. */
export const toJobState = (state: State): JobState => messages[state];

/** The row's word for a state of the contract; undefined for the unspecified one. */
export const fromJobState = (state: JobState): State | undefined => wordOf(messages, state);
