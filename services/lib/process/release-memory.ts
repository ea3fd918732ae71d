import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How often a process looks whether it rests, in milliseconds. */
const lookEveryMs = 10_000;
/** Part of one processor's time below which a process rests. */
const restingPart = 0.05;

/**
 * Gives memory back to the system when this process has worked and rests now, until disposed: V8 and the C library keep
 * what a start or a burst of calls took.
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

/** Answers, for each interval's processor time, whether work has ended with it. A process begins with work: its start. */
export function createRestDetector(part: number): (processorMs: number, elapsedMs: number) => boolean {
  let hasWorked = true;
  return (processorMs, elapsedMs) => {
    const isResting = processorMs < elapsedMs * part;
    const isOver = hasWorked && isResting;
    hasWorked = !isResting;
    return isOver;
  };
}

/** It takes a tenth of a second, about, in which nothing else is done. */
export async function releaseMemory(): Promise<void> {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  if (process.platform !== "linux") return;
  try {
    const { dlopen } = await import("node:ffi");
    const { functions } = dlopen(null, { malloc_trim: { arguments: ["u64"], return: "i32" } });
    functions.malloc_trim(0n);
  } catch {
    // Another C library than GNU's gives back by itself, or not at all.
  }
}
