/**
 * Mapped bytes allowed per used byte. DuckDB's allocator keeps freed memory mapped, and RLIMIT_DATA counts it. The parent
 * limits the used memory.
 */
const mappedPerUsed = 1.5;

/** Limit of mapped memory for a limit of used memory, in bytes. */
export const mappedBytesMax = (memoryBytes: number): number => Math.floor(memoryBytes * mappedPerUsed);
