import type { Logger } from "../../../lib/telemetry/log.ts";
import { type Clock, systemClock } from "../../timing/clock.ts";
import { EngineFailure } from "../engine-failure.ts";
import { type ReadMemory, readMappedMemory, readPrivateMemory } from "../memory-watch.ts";
import type { EngineChild } from "./engine-child.ts";
import { createIdleEngines } from "./idle-engines.ts";
import { createMappedMemoryLimit } from "./mapped-memory-limit.ts";
import { createOwnerTasks, type EngineOwner } from "./owner-tasks.ts";

/** Pool of DuckDB processes. A process that did a task of one user is reused for that user only. */
export type EnginePool = AsyncDisposable & {
  /** Waits while short tasks of the owner keep the processors busy. Rejects with the signal's reason. */
  take(owner: EngineOwner | undefined, signal: AbortSignal): Promise<EngineChild>;
  /** Returns a process after its task; its folder is emptied in the background. */
  giveBack(child: EngineChild): void;
  /** Kills a process. Resolves when it is gone; its folder is removed in the background. */
  end(child: EngineChild): Promise<void>;
};

export type EnginePoolOptions = {
  readonly startChild: () => EngineChild;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Tasks per process. The bound limits leaks of native code. */
  readonly tasksMax?: number;
  /** Idle processes across all organisations. */
  readonly idleMax?: number;
  /** Concurrent short tasks of one owner above which the next task waits for a process instead of starting one. */
  readonly shortTasksMax?: number;
  readonly readMemory?: ReadMemory;
  /** Kernel limit on the mapped memory of a process, in bytes; unlimited by default. */
  readonly mappedBytesMax?: number;
  readonly readMapped?: ReadMemory;
};

const tasksMaxDefault = 500;

export function createEnginePool(options: EnginePoolOptions): EnginePool {
  const { startChild, log, clock = systemClock, tasksMax = tasksMaxDefault } = options;
  const { mappedBytesMax = Number.POSITIVE_INFINITY, readMapped = readMappedMemory } = options;
  const mappedLimit = createMappedMemoryLimit(mappedBytesMax, readMapped);
  const children = new Map<EngineChild, { taskCount: number }>();
  const background = new Set<Promise<void>>();
  const tasks = createOwnerTasks(clock, options.shortTasksMax);
  const idle = createIdleEngines({
    clock,
    idleMax: options.idleMax,
    readMemory: options.readMemory ?? readPrivateMemory,
    end: (child) => inBackground(kill(child)),
  });
  let isStopping = false;

  function start(): EngineChild {
    const child = startChild();
    children.set(child, { taskCount: 0 });
    return child;
  }

  function inBackground(work: Promise<void>): void {
    const report = (err: unknown) => log.error({ err }, "an engine process is not cleared up");
    const tracked = work.catch(report).finally(() => background.delete(tracked));
    background.add(tracked);
  }

  /** A failure to start one, as on a full disk, is reported by the next task. */
  function keepSpare(): void {
    if (isStopping) return;
    try {
      idle.keepSpare(start);
    } catch (err) {
      log.warn({ err }, "no engine process can be kept ready");
    }
  }

  async function kill(child: EngineChild): Promise<void> {
    await child.kill();
    children.delete(child);
    inBackground(removeFolder(child));
  }

  async function end(child: EngineChild): Promise<void> {
    const owner = tasks.finish(child);
    await kill(child);
    if (owner) tasks.wakeNext(owner);
    keepSpare();
  }

  async function removeFolder({ folder }: EngineChild): Promise<void> {
    if (!(await folder.remove()))
      log.warn({ folder: folder.path }, "the folder of an engine's process is not removed");
  }

  async function recycle(child: EngineChild): Promise<void> {
    const isEmpty = await child.folder.empty();
    const isSpent =
      (children.get(child)?.taskCount ?? 0) >= tasksMax || mappedLimit.isExceeded(child.pid ?? 0);
    if (!isEmpty || isSpent || isStopping || child.hasEnded() || !child.priority.raise()) return end(child);
    const owner = tasks.finish(child);
    if (!owner) return end(child);
    if (!tasks.handOver(owner, child)) idle.add(child, owner);
    keepSpare();
  }

  async function find(owner: EngineOwner | undefined, signal: AbortSignal): Promise<EngineChild> {
    const found = owner && (idle.take(owner) ?? (await tasks.waitForProcess(owner, signal)));
    if (isStopping) throw new EngineFailure("internal", "the engine stops");
    if (found) return found;
    const spare = idle.takeSpare();
    if (spare) mappedLimit.noteReady(spare.pid ?? 0);
    return spare ?? start();
  }

  return {
    end,
    async take(owner, signal) {
      const child = await find(owner, signal);
      const known = children.get(child);
      if (known) known.taskCount += 1;
      if (owner) tasks.begin(child, owner);
      return child;
    },
    giveBack: (child) => inBackground(recycle(child)),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      tasks.stop();
      idle.stop();
      await Promise.all([...children.keys()].map(kill));
      while (background.size > 0) await Promise.all(background);
    },
  };
}
