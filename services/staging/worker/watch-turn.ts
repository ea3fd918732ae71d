import type { Db } from "../../lib/database/database.ts";
import { isMine, type Turn } from "../job-repository.ts";
import { TurnOver } from "./turn-over.ts";

/** How soon a worker notices that its job was paused, cancelled or given to another, in milliseconds. */
const checkEveryMs = 1_000;

/** A signal that aborts when the turn is over or the process stops. */
export function watchTurn(db: Db, turn: Turn, stop: AbortSignal): Disposable & { signal: AbortSignal } {
  const over = new AbortController();
  let checking = false;
  const check = async () => {
    if (checking) return;
    checking = true;
    try {
      if (!(await isMine(db, turn))) over.abort(new TurnOver());
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
