import type { Logger } from "../../../lib/telemetry/log.ts";
import { type Clock, systemClock } from "../../timing/clock.ts";
import { EngineFailure } from "../engine-failure.ts";
import { type ReadMemory, readMappedMemory, readPrivateMemory } from "../memory-watch.ts";
import type { EngineChild } from "./engine-child.ts";
import { createIdleEngines } from "./idle-engines.ts";
import { createMappedBound } from "./mapped-bound.ts";
import { createOwnersTasks, type EngineOwner } from "./owners-tasks.ts";

/** Lends processes to tasks. One that did a task of a user does that user's tasks only. */
export type EnginePool = AsyncDisposable & {
  /** Waits while the owner's short tasks keep the machine busy; throws the signal's reason when it aborts. */
  take(owner: EngineOwner | undefined, signal: AbortSignal): Promise<EngineChild>;
  /** Takes a process back whose task was answered; its folder is emptied in the background. */
  giveBack(child: EngineChild): void;
  /** Ends a process. It is gone when it resolves; its folder follows, which may take long. */
  end(child: EngineChild): Promise<void>;
};

export type EnginePoolOptions = {
  readonly startChild: () => EngineChild;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Tasks of one process at the most: native code leaks. */
  readonly tasksMax?: number;
  /** Idle processes of all organisations. */
  readonly idleMax?: number;
  /** Tasks of one owner that are about to end, beyond which the next one waits for a process instead of starting one. */
  readonly shortTasksMax?: number;
  readonly readMemory?: ReadMemory;
  /** What the kernel lets a process map, in bytes; no bound by default. */
  readonly mappedBytesMax?: number;
  readonly readMapped?: ReadMemory;
};

const tasksMaxDefault = 500;

export function createEnginePool(options: EnginePoolOptions): EnginePool {
  const { startChild, log, clock = systemClock, tasksMax = tasksMaxDefault } = options;
  const { mappedBytesMax = Number.POSITIVE_INFINITY, readMapped = readMappedMemory } = options;
  const mapped = createMappedBound(mappedBytesMax, readMapped);
  const children = new Map<EngineChild, { taskCount: number }>();
  const background = new Set<Promise<void>>();
  const tasks = createOwnersTasks(clock, options.shortTasksMax);
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

  /** Where none can be started, as on a full disk, the next task reports it. */
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

  async function takeBack(child: EngineChild): Promise<void> {
    const isEmpty = await child.folder.empty();
    const isSpent = (children.get(child)?.taskCount ?? 0) >= tasksMax || mapped.isExceeded(child.pid ?? 0);
    if (!isEmpty || isSpent || isStopping || child.hasEnded() || !child.priority.raise()) return end(child);
    const owner = tasks.finish(child);
    if (!owner) return end(child);
    if (!tasks.handOver(owner, child)) idle.add(child, owner);
    keepSpare();
  }

  async function find(owner: EngineOwner | undefined, signal: AbortSignal): Promise<EngineChild> {
    const found = owner && (idle.take(owner) ?? (await tasks.waitForOne(owner, signal)));
    if (isStopping) throw new EngineFailure("internal", "the engine stops");
    if (found) return found;
    const spare = idle.takeSpare();
    if (spare) mapped.noteReady(spare.pid ?? 0);
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
    giveBack: (child) => inBackground(takeBack(child)),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      tasks.stop();
      idle.stop();
      await Promise.all([...children.keys()].map(kill));
      while (background.size > 0) await Promise.all(background);
    },
  };
}
