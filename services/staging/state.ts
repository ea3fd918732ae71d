import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { enumWords } from "../lib/values/enum-words.ts";
import { stateMachine } from "../lib/values/state-machine.ts";

/** Allowed transitions. A running job's next worker moves it to running again. */
export const { states, endStates, statesBefore } = stateMachine({
  queued: ["running", "paused", "failed", "cancelled"],
  // Queued again for a retry.
  running: ["running", "queued", "paused", "succeeded", "failed", "cancelled"],
  paused: ["queued", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
});

/** State of a job as stored. */
export type State = (typeof states)[number];

export const hasEnded = (state: State): boolean => endStates.includes(state);

/** The state unspecified has no word. */
export const { toValue: toJobState, toWord: fromJobState } = enumWords<State, JobState>({
  queued: JobState.QUEUED,
  running: JobState.RUNNING,
  paused: JobState.PAUSED,
  succeeded: JobState.SUCCEEDED,
  failed: JobState.FAILED,
  cancelled: JobState.CANCELLED,
});
