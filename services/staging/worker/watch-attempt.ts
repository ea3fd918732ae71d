import type { Db } from "../../lib/database/database.ts";
import { isCurrentAttempt, type JobAttempt } from "../job-repository.ts";
import { AttemptOver } from "./attempt-over.ts";

/** How soon a worker notices that its job was paused, cancelled or given to another, in milliseconds. */
const checkEveryMs = 1_000;

/** A signal that aborts when the turn is over or the process stops. */
export function watchAttempt(
  db: Db,
  attempt: JobAttempt,
  stop: AbortSignal,
): Disposable & { signal: AbortSignal } {
  const over = new AbortController();
  let checking = false;
  const check = async () => {
    if (checking) return;
    checking = true;
    try {
      if (!(await isCurrentAttempt(db, attempt))) over.abort(new AttemptOver());
    } catch {
      // A database that is away can't give the job to another either; each step is fenced besides.
    } finally {
      checking = false;
    }
  };
  const timer = setInterval(check, checkEveryMs);
  return {
    signal: AbortSignal.any([over.signal, stop]),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
