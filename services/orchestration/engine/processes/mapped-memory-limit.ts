import type { ReadMemory } from "../memory-watch.ts";

/** Detects processes whose mapped memory leaves too little for another task. */
export type MappedMemoryLimit = {
  /** Records the mapped memory of a process that is ready and has not run a task. */
  noteReady(pid: number): void;
  /** Whether a process keeps too much mapped after its task. */
  isExceeded(pid: number): boolean;
};

/** Share of the mappable memory beyond the baseline that may stay mapped after a task. */
const residueShare = 1 / 3;

/**
 * DuckDB's allocator keeps freed memory mapped, and the kernel counts it against `bytesMax`. The baseline, such as the stacks
 * of one thread per processor, is taken from processes that are ready.
 */
export function createMappedMemoryLimit(bytesMax: number, readMapped: ReadMemory): MappedMemoryLimit {
  let baselineBytes: number | undefined;
  return {
    noteReady(pid) {
      baselineBytes = Math.max(baselineBytes ?? 0, readMapped(pid));
    },
    isExceeded(pid) {
      const base = baselineBytes ?? 0;
      return readMapped(pid) > Math.max(bytesMax / 2, base + (bytesMax - base) * residueShare);
    },
  };
}
