import { snapshotGone } from "../../errors.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { SqlSession } from "./row-source.ts";

/** Sessions of this process that hold a snapshot which no other session can join. */
export type HeldSnapshots = {
  /** Makes a session available under its snapshot's name until disposed. */
  add(name: string, session: SqlSession): Disposable;
  /** Runs `work` in the session of a snapshot, after all work on it that was started before. Unavailable (SNAPSHOT_GONE). */
  use<T>(name: string, signal: AbortSignal, work: (session: SqlSession) => Promise<T>): Promise<T>;
};

type Held = { readonly session: SqlSession; last: Promise<unknown> };

export function createHeldSnapshots(): HeldSnapshots {
  const snapshots = new Map<string, Held>();
  return {
    add(name, session) {
      snapshots.set(name, { session, last: Promise.resolve() });
      return { [Symbol.dispose]: () => void snapshots.delete(name) };
    },
    async use(name, signal, work) {
      const held = snapshots.get(name);
      if (!held) throw snapshotGone();
      const { promise: done, resolve } = Promise.withResolvers<void>();
      const before = held.last;
      held.last = before.then(() => done);
      try {
        await beforeAbort(before, signal);
        return await work(held.session);
      } finally {
        resolve();
      }
    },
  };
}
