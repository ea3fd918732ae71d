import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

/** The niceness of a process that is long at work, 19, unless the operator sets less. */
export const nicenessDefault = constants.priority.PRIORITY_LOW;

const checkIntervalMs = 100;

/** The scheduling priority of a process. */
export type ProcessPriority = {
  /** Lowers the priority once the process has used this much processor time, unless disposed before. */
  lowerLater(afterMs: number): Disposable;
  /** Restores the priority; returns whether it is the original one. Only root may raise a priority. */
  raise(): boolean;
};

export function createProcessPriority(pid: number | undefined, niceness: number): ProcessPriority {
  let isLowered = false;
  const lower = () => {
    if (pid === undefined || isLowered) return;
    isLowered = true;
    setPriorityOf(pid, niceness);
  };
  return {
    lowerLater(afterMs) {
      if (pid === undefined || isLowered) return { [Symbol.dispose]() {} };
      const startMs = processorTimeMs(pid);
      const timer = setInterval(() => {
        if (processorTimeMs(pid) - startMs < afterMs) return;
        clearInterval(timer);
        lower();
      }, checkIntervalMs).unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
    raise() {
      if (pid === undefined || !isLowered) return true;
      if (process.getuid?.() !== 0) return false;
      setPriorityOf(pid, constants.priority.PRIORITY_NORMAL);
      isLowered = false;
      return true;
    },
  };
}

/**
 * utime and stime of `/proc/<pid>/stat`, in ticks of 10 ms. They are fields 14 and 15; field 2, the command, may contain
 * spaces.
 */
function processorTimeMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/**
 * Kernels with autogroups schedule by session, others by thread, so both are set. Errors are ignored: the process may be gone
 * or belong to another user.
 */
function setPriorityOf(pid: number, priority: number): void {
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(priority)));
  for (const thread of threadsOf(pid)) attempt(() => setPriority(thread, priority));
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}

function attempt(change: () => void): void {
  try {
    change();
  } catch {}
}
