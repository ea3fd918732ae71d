import type { EngineChild } from "./engine-child.ts";
import { readPrivateMemory } from "./memory-watch.ts";

/**
 * Processes that have no task: one that had none yet, kept ready for anybody, because a process takes longer to start than a
 * small query takes; and those that did a task of an organisation, which only that organisation gets again.
 */
export type EnginePool = AsyncDisposable & {
  take(orgId: string | undefined): EngineChild;
  /** Keeps a process for its organisation, or ends it. */
  giveBack(child: EngineChild, orgId: string | undefined): Promise<void>;
  end(child: EngineChild): Promise<void>;
};

/** Idle processes of all organisations, and how long each is kept, in milliseconds. */
const idleMax = 4;
const idleMs = 30_000;
/** What a process does at the most; native code leaks. */
const tasksMax = 100;
/** Memory that an idle process may keep, in bytes. */
const idleBytesMax = 256 * 1024 ** 2;

type Idle = { readonly child: EngineChild; readonly orgId: string; readonly timer: NodeJS.Timeout };

export function createEnginePool(startChild: () => EngineChild): EnginePool {
  const children = new Set<EngineChild>();
  const taskCounts = new WeakMap<EngineChild, number>();
  // Those that were given back last come last.
  let idle: Idle[] = [];
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
    return child.hasEnded() ? start() : child;
  }

  function takeIdle(orgId: string | undefined): EngineChild | undefined {
    const found = idle.findLast((one) => one.orgId === orgId && !one.child.hasEnded());
    if (found) forget(found);
    return found?.child;
  }

  function forget(one: Idle): void {
    clearTimeout(one.timer);
    idle = idle.filter((other) => other !== one);
  }

  async function end(child: EngineChild): Promise<void> {
    await child[Symbol.asyncDispose]();
    children.delete(child);
  }

  const isSpent = (child: EngineChild): boolean =>
    child.hasEnded() ||
    !child.priority.raise() ||
    (taskCounts.get(child) ?? 0) >= tasksMax ||
    readPrivateMemory(child.pid ?? 0) > idleBytesMax;

  return {
    end,
    take(orgId) {
      const child = takeIdle(orgId) ?? takeSpare();
      taskCounts.set(child, (taskCounts.get(child) ?? 0) + 1);
      return child;
    },
    async giveBack(child, orgId) {
      if (orgId === undefined || isStopping || isSpent(child)) return end(child);
      const timer = setTimeout(() => {
        forget(one);
        void end(child);
      }, idleMs).unref();
      const one = { child, orgId, timer };
      idle.push(one);
      const [oldest] = idle;
      if (idle.length <= idleMax || !oldest) return;
      forget(oldest);
      await end(oldest.child);
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      for (const one of idle) forget(one);
      await Promise.all([...children].map(end));
    },
  };
}
