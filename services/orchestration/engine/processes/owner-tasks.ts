import { availableParallelism } from "node:os";
import type { Clock } from "../../timing/clock.ts";
import type { EngineChild } from "./engine-child.ts";

/** The user, within an organisation, that a process is reserved for. */
export type EngineOwner = { readonly orgId: string; readonly userId: string };

/**
 * Running tasks by owner. Starting a process takes longer than a small query: when short tasks of one owner keep the
 * processors busy, that owner's next task waits for one of those processes.
 */
export type OwnerTasks = {
  begin(child: EngineChild, owner: EngineOwner): void;
  /** Returns the owner of the process's task, if it had one. */
  finish(child: EngineChild): EngineOwner | undefined;
  /** Resolves to undefined once the owner's short tasks are few. Rejects with the signal's reason. */
  waitForProcess(owner: EngineOwner, signal: AbortSignal): Promise<EngineChild | undefined>;
  /** Hands a process to the owner's longest waiting task; returns whether there was one. */
  handOver(owner: EngineOwner, child: EngineChild): boolean;
  /** Lets the owner's longest waiting task start a process of its own. */
  wakeNext(owner: EngineOwner): void;
  stop(): void;
};

/** A task that runs longer is not worth waiting for: this is about the start time of a process. In milliseconds. */
const shortMs = 250;

type Waiter = { readonly key: string; settle(child: EngineChild | undefined): void };

const keyOf = ({ orgId, userId }: EngineOwner): string => JSON.stringify([orgId, userId]);

export function createOwnerTasks(clock: Clock, shortTasksMax = availableParallelism()): OwnerTasks {
  const running = new Map<EngineChild, { readonly owner: EngineOwner; readonly startedMs: number }>();
  const waiters = new Set<Waiter>();

  function isBusy(owner: EngineOwner): boolean {
    const sinceMs = clock.now() - shortMs;
    const short = [...running.values()].filter(
      (task) => task.startedMs > sinceMs && keyOf(task.owner) === keyOf(owner),
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
    begin: (child, owner) => void running.set(child, { owner, startedMs: clock.now() }),
    finish(child) {
      const owner = running.get(child)?.owner;
      running.delete(child);
      return owner;
    },
    async waitForProcess(owner, signal) {
      if (!isBusy(owner)) return undefined;
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<EngineChild | undefined>();
      const waiter: Waiter = { key: keyOf(owner), settle };
      const stop = () => settle(undefined);
      const check = () => {
        if (isBusy(owner)) cancel = clock.after(shortMs, check);
        else stop();
      };
      let cancel = clock.after(shortMs, check);
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
