/**
 * What may be mapped for each byte that may be used: DuckDB's allocator keeps mapped what was freed, and RLIMIT_DATA counts
 * it. The parent watches the memory that is used.
 */
const mappedPart = 1.5;

/** What a process that may use some memory may map, in bytes. */
export const mappedBytesMax = (memoryBytes: number): number => Math.floor(memoryBytes * mappedPart);
