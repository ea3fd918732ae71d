import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

const lookEveryMs = 100;

/** The priority of one process among others of this machine. */
export type ProcessPriority = {
  /** Lowers it when the process has computed for some milliseconds, unless disposed before. */
  lowerLater(afterMs: number): Disposable;
  /** Sets it back, and answers whether it is as at first: only root may raise a priority. */
  raise(): boolean;
};

export function createProcessPriority(pid: number | undefined): ProcessPriority {
  let isLowered = false;
  const lower = () => {
    if (pid === undefined || isLowered) return;
    isLowered = true;
    setPriorityOf(pid, constants.priority.PRIORITY_LOW);
  };
  return {
    lowerLater(afterMs) {
      if (pid === undefined || isLowered) return { [Symbol.dispose]() {} };
      const begunMs = processorTimeMs(pid);
      const timer = setInterval(() => {
        if (processorTimeMs(pid) - begunMs < afterMs) return;
        clearInterval(timer);
        lower();
      }, lookEveryMs).unref();
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

/** The kernel tells it in hundredths of a second, by the fourteenth and fifteenth field; the second may have spaces. */
function processorTimeMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/**
 * A priority is counted within a session's group where the kernel groups by session, and else by thread. A process that is gone,
 * or that is not ours to lower, stays as it is.
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
