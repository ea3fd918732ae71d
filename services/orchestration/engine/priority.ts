import { readdirSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** How long a task may run before tasks that have just begun come first. */
const fullPriorityMs = 1000;
const repeatEveryMs = 1000;

/**
 * Lowers the priority of a process that goes on for long, until disposed, so that a small query does not wait for long
 * ones on a busy machine. Linux counts a priority by thread, and new threads come: it is done again and again.
 */
export function lowerPriorityLater(pid: number | undefined): Disposable {
  if (pid === undefined) return { [Symbol.dispose]() {} };
  const lower = () => {
    for (const thread of threadsOf(pid)) lowerPriority(thread);
  };
  let timer = setTimeout(() => {
    lower();
    timer = setInterval(lower, repeatEveryMs).unref();
  }, fullPriorityMs).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

/** It may be gone, or may not be ours to lower. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {}
}
