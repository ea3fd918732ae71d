import { availableParallelism } from "node:os";
import type { Clock } from "../../timing/clock.ts";
import type { EngineChild } from "./engine-child.ts";

/** Whose tasks a process does: a user's, in an organisation. */
export type EngineOwner = { readonly orgId: string; readonly userId: string };

/**
 * The tasks of each owner that are being done. A process takes longer to start than a small query takes: where short tasks
 * of one owner keep the processors busy, the next one waits for one of their processes.
 */
export type OwnersTasks = {
  begin(child: EngineChild, owner: EngineOwner): void;
  /** Answers whose task the process had, if it had one. */
  finish(child: EngineChild): EngineOwner | undefined;
  /** Answers undefined as soon as the owner's tasks are few, or long; throws the signal's reason. */
  waitForOne(owner: EngineOwner, signal: AbortSignal): Promise<EngineChild | undefined>;
  /** Gives a process to the owner's task that waits longest; answers whether one waits. */
  handOver(owner: EngineOwner, child: EngineChild): boolean;
  /** Has the owner's next task wait no longer. */
  wakeNext(owner: EngineOwner): void;
  stop(): void;
};

/** About as long as a process takes to start: a task that runs longer is not waited for. In milliseconds. */
const shortMs = 250;

type Waiter = { readonly key: string; settle(child: EngineChild | undefined): void };

const keyOf = ({ orgId, userId }: EngineOwner): string => JSON.stringify([orgId, userId]);

export function createOwnersTasks(clock: Clock, shortTasksMax = availableParallelism()): OwnersTasks {
  const running = new Map<EngineChild, { readonly owner: EngineOwner; readonly begunMs: number }>();
  const waiters = new Set<Waiter>();

  function isBusy(owner: EngineOwner): boolean {
    const sinceMs = clock.now() - shortMs;
    const short = [...running.values()].filter(
      (task) => task.begunMs > sinceMs && keyOf(task.owner) === keyOf(owner),
    );
    return short.length >= shortTasksMax;
  }

  function handOver(owner: EngineOwner, child: EngineChild | undefined): boolean {
    const key = keyOf(owner);
    for (const waiter of waiters) {
      if (waiter.key !== key) continue;
      waiter.settle(child);
      return true;
    }
    return false;
  }

  return {
    begin: (child, owner) => void running.set(child, { owner, begunMs: clock.now() }),
    finish(child) {
      const owner = running.get(child)?.owner;
      running.delete(child);
      return owner;
    },
    async waitForOne(owner, signal) {
      if (!isBusy(owner)) return undefined;
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<EngineChild | undefined>();
      const waiter: Waiter = { key: keyOf(owner), settle };
      const stop = () => settle(undefined);
      const look = () => {
        if (isBusy(owner)) cancel = clock.after(shortMs, look);
        else stop();
      };
      let cancel = clock.after(shortMs, look);
      signal.addEventListener("abort", stop, { once: true });
      waiters.add(waiter);
      function settle(child: EngineChild | undefined): void {
        waiters.delete(waiter);
        cancel();
        signal.removeEventListener("abort", stop);
        resolve(child);
      }
      const child = await promise;
      if (!child) signal.throwIfAborted();
      return child;
    },
    handOver,
    wakeNext: (owner) => void handOver(owner, undefined),
    stop() {
      for (const waiter of waiters) waiter.settle(undefined);
    },
  };
}
