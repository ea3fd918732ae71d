import { EngineFailure } from "../engine-failure.ts";

const checkIntervalMs = 100;

/**
 * Rejects when this process exceeds its memory, on platforms where neither the kernel nor the parent can enforce it. The
 * parent kills the process afterwards.
 */
export function memoryExceeded(memoryBytes: number): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (process.platform === "linux") return promise;
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() <= memoryBytes) return;
    clearInterval(timer);
    reject(new EngineFailure("memory", "the process has more memory than it may have"));
  }, checkIntervalMs).unref();
  return promise;
}
