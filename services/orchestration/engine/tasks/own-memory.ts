import { EngineFailure } from "../engine-failure.ts";

const lookEveryMs = 100;

/**
 * Fails when this process has more memory than it may have, where the system neither bounds it nor tells the parent of it.
 * After the failure the parent ends the process.
 */
export function exceedsMemory(memoryBytes: number): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (process.platform === "linux") return promise;
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() <= memoryBytes) return;
    clearInterval(timer);
    reject(new EngineFailure("memory", "the process has more memory than it may have"));
  }, lookEveryMs).unref();
  return promise;
}
