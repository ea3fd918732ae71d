import type { MemoryLimits } from "../engine/memory-watch.ts";
import type { FairSchedulerOptions } from "../scheduling/fair-scheduler.ts";
import { systemClock } from "../timing/clock.ts";

const permitsMin = 2;
const permitsMax = 12;
/** Memory assumed per execution. DuckDB spills beyond its limit, and few executions need the whole limit of a process. */
const executionBytes = 512 * 1024 ** 2;

/** Number of executions that run at the same time within the memory of all engines. */
export const permitsOf = ({ totalBytes }: MemoryLimits): number =>
  Math.max(permitsMin, Math.min(permitsMax, Math.floor(totalBytes / executionBytes)));

/** Fraction of the permits guaranteed to jobs. The rest is guaranteed to interactive work. */
const jobsFraction = 1 / 3;

/** Scheduler options for a process with `permits` permits, at least two. */
export function schedulerOptionsOf(permits: number): FairSchedulerOptions {
  const jobs = Math.max(1, Math.floor(permits * jobsFraction));
  return {
    guarantees: { interactive: Math.max(1, permits - jobs), jobs },
    queue: { totalMax: 256, orgMax: 64, userMax: 32, waitMaxMs: 10_000 },
    preemptAfterMs: 300,
    clock: systemClock,
  };
}
