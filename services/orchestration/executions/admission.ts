import { allPlacesTaken } from "../errors.ts";

/** Executions and discoveries that one process does at the same time. With their memory (512 MiB) it bounds the process's. */
export const executionsMax = 8;
/** Plans and chunks that it does besides: jobs take no place from those who wait for an answer. */
export const extractsMax = 4;

export type Admission = {
  /** Takes a place until disposed. Unavailable (SERVICE_BUSY) when none is left. */
  enter(): Disposable;
};

/** `what` has the places, in words for the caller. */
export function createAdmission(placesMax: number, what: string): Admission {
  let running = 0;
  return {
    enter() {
      if (running >= placesMax) throw allPlacesTaken(placesMax, what);
      running += 1;
      return {
        [Symbol.dispose]() {
          running -= 1;
        },
      };
    },
  };
}
