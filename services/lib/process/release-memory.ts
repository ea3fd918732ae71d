import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Interval of the idle check, in milliseconds. */
const lookEveryMs = 10_000;
/** A process that uses less than this share of one CPU is idle. */
const restingPart = 0.05;

/**
 * Returns memory to the system when this process becomes idle, until disposed: V8 and the C library keep memory that a start
 * or a burst of calls has allocated.
 */
export function releaseMemoryAtRest(): Disposable {
  const isOverNow = createRestDetector(restingPart);
  let usage = process.cpuUsage();
  let lookedMs = performance.now();
  const timer = setInterval(() => {
    const used = process.cpuUsage(usage);
    const elapsedMs = performance.now() - lookedMs;
    usage = process.cpuUsage();
    lookedMs = performance.now();
    if (isOverNow((used.user + used.system) / 1000, elapsedMs)) void releaseMemory();
  }, lookEveryMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Returns a function that takes each interval's CPU time: true when the process became idle in it. A start is work.
 * @internal Exported for tests, which cannot wait for a process to rest.
 */
export function createRestDetector(part: number): (processorMs: number, elapsedMs: number) => boolean {
  let hasWorked = true;
  return (processorMs, elapsedMs) => {
    const isResting = processorMs < elapsedMs * part;
    const isOver = hasWorked && isResting;
    hasWorked = !isResting;
    return isOver;
  };
}

/**
 * Blocks the process for about 100 ms.
 * @internal Exported for tests, which measure its effect.
 */
export async function releaseMemory(): Promise<void> {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  if (process.platform !== "linux") return;
  try {
    const { dlopen } = await import("node:ffi");
    const { functions } = dlopen(null, { malloc_trim: { arguments: ["u64"], return: "i32" } });
    functions.malloc_trim(0n);
  } catch {
    // Only GNU's C library has malloc_trim.
  }
}
