import type { MemoryLimits } from "../engine/memory-watch.ts";
import type { FairSchedulerOptions } from "../scheduling/fair-scheduler.ts";
import { systemClock } from "../timing/clock.ts";

const permitsMin = 2;
const permitsMax = 12;
/** What an execution's tables take, which DuckDB manages: few executions take all that a process may have. */
const executionBytes = 512 * 1024 ** 2;

/** How many executions the memory of all engines allows at the same time. */
export const permitsOf = ({ totalBytes }: MemoryLimits): number =>
  Math.max(permitsMin, Math.min(permitsMax, Math.floor(totalBytes / executionBytes)));

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
