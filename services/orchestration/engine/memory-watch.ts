import { readFileSync } from "node:fs";

/** Why a process is told to end. */
export type MemoryExcess = "process" | "total";

type WatchedProcess = {
  readonly pid: number;
  /** Of all together, the largest process of the group that has most is the one to end. */
  readonly group: string | undefined;
  readonly onExcess: (excess: MemoryExcess) => void;
};

export type MemoryLimits = { readonly processBytes: number; readonly totalBytes: number };

/** Private memory of a process in bytes; 0 when it is gone. */
export type ReadMemory = (pid: number) => number;

export type MemoryWatch = Disposable & {
  readonly limits: MemoryLimits;
  /** Watches a process until the answer is disposed. */
  watch(watched: WatchedProcess): Disposable;
  /** How many are watched, and their memory in all. */
  look(): { busyCount: number; memoryBytes: number };
};

/** Less than a process needs to take what is left between two looks: some gigabytes a second and core. */
const lookEveryMs = 25;

/**
 * Holds processes to their real memory, each and all together: what a limit of the kernel's can't see, or the platform
 * does not have. Of all together the largest ends. It looks only while there is something to watch.
 */
export function createMemoryWatch(
  limits: MemoryLimits,
  readMemory: ReadMemory = readPrivateMemory,
): MemoryWatch {
  const { processBytes, totalBytes } = limits;
  const watched = new Set<WatchedProcess>();
  let timer: NodeJS.Timeout | undefined;

  function enforce(): void {
    const sizes: Size[] = [];
    for (const process of [...watched]) {
      const bytes = readMemory(process.pid);
      if (bytes > processBytes) tell(process, "process");
      else sizes.push({ process, bytes });
    }
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    const victim = total > totalBytes ? largestOfLargestGroup(sizes) : undefined;
    if (victim) tell(victim, "total");
  }

  function tell(process: WatchedProcess, excess: MemoryExcess): void {
    watched.delete(process);
    process.onExcess(excess);
  }

  function rest(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    limits,
    watch(process) {
      watched.add(process);
      timer ??= setInterval(enforce, lookEveryMs).unref();
      return {
        [Symbol.dispose]() {
          watched.delete(process);
          if (watched.size === 0) rest();
        },
      };
    },
    look() {
      const sizes = [...watched].map(({ pid }) => readMemory(pid));
      return { busyCount: sizes.length, memoryBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    },
    [Symbol.dispose]: rest,
  };
}

type Size = { readonly process: WatchedProcess; readonly bytes: number };

function largestOfLargestGroup(sizes: readonly Size[]): WatchedProcess | undefined {
  const groups = Map.groupBy(sizes, ({ process }) => process.group);
  const sumOf = (group: readonly Size[]) => group.reduce((sum, { bytes }) => sum + bytes, 0);
  const [largest = []] = [...groups.values()].toSorted((left, right) => sumOf(right) - sumOf(left));
  return largest.toSorted((left, right) => right.bytes - left.bytes)[0]?.process;
}

/** Memory that is the process's own, as Linux tells it; pages of files are not, which the system can take back. */
export const readPrivateMemory: ReadMemory = (pid) => sumOf(pid, ["RssAnon", "RssShmem"]);

/** What the process has mapped for data, used or not. */
export const readMappedMemory: ReadMemory = (pid) => sumOf(pid, ["VmData"]);

function sumOf(pid: number, names: readonly string[]): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return names.reduce((sum, name) => sum + kibibytesOf(name, status), 0);
  } catch {
    return 0;
  }
}

const kibibytesOf = (name: string, status: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
