import type { Db } from "../../lib/database/database.ts";
import { isCurrentAttempt, type JobAttempt } from "../job-repository.ts";
import { AttemptOver } from "./attempt-over.ts";

/** Interval in milliseconds at which a worker checks that its attempt is the current one. */
const checkEveryMs = 1_000;

/** A signal that aborts when the attempt is over or the process stops. */
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
      // Without the database no other worker can claim the job, and each write is fenced.
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
