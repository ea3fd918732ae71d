import { systemClock } from "./clock.ts";
import type { FairSchedulerOptions } from "./fair-scheduler.ts";

/** Permits of a process that nobody has told how many its memory allows. */
export const permitsDefault = 12;

/** The part of the permits that jobs are guaranteed; queries, discoveries and tests have the rest. */
const jobsPart = 1 / 3;

/** How a process shares `permits`, at least two, among its callers. */
export function schedulerOptionsOf(permits: number): FairSchedulerOptions {
  const jobs = Math.max(1, Math.floor(permits * jobsPart));
  return {
    guarantees: { interactive: Math.max(1, permits - jobs), jobs },
    queue: { totalMax: 256, orgMax: 64, userMax: 32, waitMaxMs: 10_000 },
    preemptAfterMs: 300,
    clock: systemClock,
  };
}
