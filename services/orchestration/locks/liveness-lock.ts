import { holdLock } from "./hold-lock.ts";

/** Begins the text whose hash is a process's lock. */
export const livenessLockPrefix = "sluice orchestration process ";

/**
 * Shows other processes that this one lives, until disposed: its lock goes with it, so a killed process is known to be
 * dead at once and a slow one is not taken for dead.
 */
export const holdLivenessLock = (url: string, processId: string): Promise<AsyncDisposable> =>
  holdLock(url, livenessLockPrefix + processId);
