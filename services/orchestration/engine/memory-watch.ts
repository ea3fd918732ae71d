import { readFileSync } from "node:fs";

/** The exceeded limit that a process must end for. */
export type MemoryExcess = "process" | "total";

type WatchedProcess = {
  readonly pid: number;
  /** When the total is exceeded, the largest process of the largest group must end. */
  readonly group: string | undefined;
  readonly onExcess: (excess: MemoryExcess) => void;
};

export type MemoryLimits = { readonly processBytes: number; readonly totalBytes: number };

/** Memory of a process in bytes; 0 when it is gone. */
export type ReadMemory = (pid: number) => number;

export type MemoryWatch = Disposable & {
  readonly limits: MemoryLimits;
  /** Watches a process until the result is disposed. */
  watch(watched: WatchedProcess): Disposable;
  /** Number of watched processes and their total memory. */
  usage(): { busyCount: number; memoryBytes: number };
};

/** Shorter than the time in which a process could fill the reserve, at some gigabytes per second and core. */
const checkIntervalMs = 25;

/**
 * Enforces memory limits per process and in total, for which not every platform has a kernel limit. Memory is polled only
 * while a process is watched.
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
      if (bytes > processBytes) report(process, "process");
      else sizes.push({ process, bytes });
    }
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    const victim = total > totalBytes ? largestOfLargestGroup(sizes) : undefined;
    if (victim) report(victim, "total");
  }

  function report(process: WatchedProcess, excess: MemoryExcess): void {
    watched.delete(process);
    process.onExcess(excess);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    limits,
    watch(process) {
      watched.add(process);
      timer ??= setInterval(enforce, checkIntervalMs).unref();
      return {
        [Symbol.dispose]() {
          watched.delete(process);
          if (watched.size === 0) stop();
        },
      };
    },
    usage() {
      const sizes = [...watched].map(({ pid }) => readMemory(pid));
      return { busyCount: sizes.length, memoryBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    },
    [Symbol.dispose]: stop,
  };
}

type Size = { readonly process: WatchedProcess; readonly bytes: number };

function largestOfLargestGroup(sizes: readonly Size[]): WatchedProcess | undefined {
  const groups = Map.groupBy(sizes, ({ process }) => process.group);
  const sumOf = (group: readonly Size[]) => group.reduce((sum, { bytes }) => sum + bytes, 0);
  const [largest = []] = [...groups.values()].toSorted((left, right) => sumOf(right) - sumOf(left));
  return largest.toSorted((left, right) => right.bytes - left.bytes)[0]?.process;
}

/** Anonymous and shared memory by `/proc`; file pages are not counted, because the system can reclaim them. */
export const readPrivateMemory: ReadMemory = (pid) => sumOf(pid, ["RssAnon", "RssShmem"]);

/** Memory mapped for data, used or not. */
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
