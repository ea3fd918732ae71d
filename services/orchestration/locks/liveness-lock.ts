import { holdLock } from "./hold-lock.ts";

/** The hash of this prefix and a process id is the key of the process's lock. */
export const livenessLockPrefix = "sluice orchestration process ";

/**
 * Holds the lock that shows other processes that this one is alive. Unlike a heartbeat, it marks a killed process dead at
 * once and never a slow one.
 */
export const holdLivenessLock = (url: string, processId: string): Promise<AsyncDisposable> =>
  holdLock(url, livenessLockPrefix + processId);
