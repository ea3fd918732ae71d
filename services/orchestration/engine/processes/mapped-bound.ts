import type { ReadMemory } from "../memory-watch.ts";

/** Which processes have too much mapped to be given another task, which may be a large one. */
export type MappedBound = {
  /** Looks at a process that is ready and had no task yet. */
  noteReady(pid: number): void;
  /** Whether a process that has done a task keeps too much of what the kernel lets it map. */
  isExceeded(pid: number): boolean;
};

/** The part of what a process may map beyond what it has from the start that a task may leave. */
const leftPart = 1 / 3;

/**
 * DuckDB's allocator keeps mapped what was freed, and the kernel counts it against `bytesMax`. What a process has from the
 * start, as the stacks of a thread for each processor, is known when the first one was ready.
 */
export function createMappedBound(bytesMax: number, readMapped: ReadMemory): MappedBound {
  let readyBytes: number | undefined;
  return {
    noteReady(pid) {
      readyBytes = Math.max(readyBytes ?? 0, readMapped(pid));
    },
    isExceeded(pid) {
      const base = readyBytes ?? 0;
      return readMapped(pid) > Math.max(bytesMax / 2, base + (bytesMax - base) * leftPart);
    },
  };
}
