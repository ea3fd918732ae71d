import { tooManyExecutions } from "../errors.ts";

/** Executions and discoveries that one process does at the same time. With their memory (512 MiB) it bounds the process's. */
export const executionsMax = 8;

export type Admission = {
  /** Takes a place until disposed. ResourceExhausted (EXECUTION_LIMIT) when none is left. */
  enter(): Disposable;
};

export function createAdmission(): Admission {
  let running = 0;
  return {
    enter() {
      if (running >= executionsMax) throw tooManyExecutions(executionsMax);
      running += 1;
      return {
        [Symbol.dispose]() {
          running -= 1;
        },
      };
    },
  };
}
