import type { Logger } from "../../lib/log.ts";
import type { EngineChild } from "./engine-child.ts";
import { readPrivateMemory } from "./memory-watch.ts";

/**
 * Processes that have no task: one that had none yet, kept ready for anybody, because a process takes longer to start than a
 * small query takes; and those that did a task of a user, which only that user gets again.
 */
export type EnginePool = AsyncDisposable & {
  take(owner: string | undefined): EngineChild;
  /** Keeps a process for its user, or ends it. */
  giveBack(child: EngineChild, owner: string | undefined): Promise<void>;
  end(child: EngineChild): Promise<void>;
};

/** Idle processes of all users, and how long each is kept, in milliseconds. */
const idleMax = 4;
const idleMs = 30_000;
/** What a process does at the most; native code leaks. */
const tasksMax = 100;
/** Memory that an idle process may keep, in bytes. */
const idleBytesMax = 256 * 1024 ** 2;
const lookAtIdleEveryMs = 1000;

type Idle = { readonly child: EngineChild; readonly owner: string; readonly timer: NodeJS.Timeout };

export function createEnginePool(startChild: () => EngineChild, log: Logger): EnginePool {
  const children = new Set<EngineChild>();
  const removals = new Set<Promise<void>>();
  const taskCounts = new WeakMap<EngineChild, number>();
  // Those that were given back last come last.
  let idle: Idle[] = [];
  let idleWatch: NodeJS.Timeout | undefined;
  let isStopping = false;

  function start(): EngineChild {
    const child = startChild();
    children.add(child);
    return child;
  }

  let spare = start();
  function takeSpare(): EngineChild {
    const child = spare;
    spare = start();
    if (!child.hasEnded()) return child;
    log.warn({ pid: child.pid }, "an engine process ended before it had a task");
    return start();
  }

  function takeIdle(owner: string | undefined): EngineChild | undefined {
    const found = idle.findLast((one) => one.owner === owner && !one.child.hasEnded());
    if (found) forget(found);
    return found?.child;
  }

  function forget(one: Idle): void {
    clearTimeout(one.timer);
    idle = idle.filter((other) => other !== one);
    if (idle.length > 0) return;
    clearInterval(idleWatch);
    idleWatch = undefined;
  }

  /** A process that has no task has no reason to grow. */
  function endGrown(): void {
    for (const one of idle) {
      if (readPrivateMemory(one.child.pid ?? 0) <= idleBytesMax) continue;
      forget(one);
      void end(one.child);
    }
  }

  /** The process is gone when it resolves; its folder follows, which may take long. */
  async function end(child: EngineChild): Promise<void> {
    await child.kill();
    children.delete(child);
    const removal = child.folder.remove().then((isRemoved) => {
      removals.delete(removal);
      if (!isRemoved)
        log.warn({ folder: child.folder.path }, "the folder of an engine's process is not removed");
    });
    removals.add(removal);
  }

  const isSpent = (child: EngineChild): boolean =>
    child.hasEnded() ||
    !child.priority.raise() ||
    (taskCounts.get(child) ?? 0) >= tasksMax ||
    readPrivateMemory(child.pid ?? 0) > idleBytesMax;

  return {
    end,
    take(owner) {
      const child = takeIdle(owner) ?? takeSpare();
      taskCounts.set(child, (taskCounts.get(child) ?? 0) + 1);
      return child;
    },
    async giveBack(child, owner) {
      if (owner === undefined || isStopping || isSpent(child)) return end(child);
      const timer = setTimeout(() => {
        forget(one);
        void end(child);
      }, idleMs).unref();
      const one = { child, owner, timer };
      idle.push(one);
      idleWatch ??= setInterval(endGrown, lookAtIdleEveryMs).unref();
      const [oldest] = idle;
      if (idle.length <= idleMax || !oldest) return;
      forget(oldest);
      await end(oldest.child);
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      for (const one of idle) forget(one);
      clearInterval(idleWatch);
      await Promise.all([...children].map(end));
      await Promise.all(removals);
    },
  };
}
