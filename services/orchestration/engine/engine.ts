import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/ids.ts";
import type { Logger } from "../../lib/log.ts";
import type { Confinement } from "../confinement/find-confinement.ts";
import type { Protection } from "../confinement/layers.ts";
import type { Limit } from "../connectors/connector.ts";
import { beforeAbort } from "../executions/before-abort.ts";
import { type Crash, type EngineChild, startEngineChild } from "./engine-child.ts";
import { crashFailure, EngineFailure, memoryFailure } from "./engine-failure.ts";
import { createMemoryWatch, type MemoryExcess, type MemoryLimits } from "./memory-watch.ts";
import { lowerPriorityLater } from "./priority.ts";
import type { Reply, Task } from "./protocol.ts";
import { inputName, outputName, spillName } from "./work-folder.ts";

/** A task but for what the engine itself adds; its paths are absolute. */
type NewTask = Task extends infer T
  ? T extends Task
    ? Omit<T, "spillDirectory" | "memoryBytes">
    : never
  : never;

/**
 * Does one task in a process of its own, and kills it when the limit's signal aborts; then it throws the signal's
 * reason. Fails with EngineFailure.
 */
type RunTask = (task: NewTask, limit: Limit) => Promise<Exclude<Reply, { kind: "failed" }>>;

export type Engine = AsyncDisposable & {
  status(): EngineStatus;
  readonly run: RunTask;
  /** For tasks of ours on one source: a process that did one does the next one, too. */
  series(): Series;
};

/** Disposing ends the processes that do nothing at the time. */
export type Series = AsyncDisposable & {
  readonly run: RunTask;
  /** Where named pipes that lead to the processes are made. */
  readonly pipesDirectory: string;
};

/** How the engine is confined and bounded, and what it does now. */
type EngineStatus = {
  readonly holds: ReadonlySet<Protection>;
  readonly memory: MemoryLimits;
  readonly busyCount: number;
  readonly memoryBytes: number;
};

export type EngineOptions = {
  /** The engine's own folder. */
  readonly directory: string;
  readonly confinement: Confinement;
  readonly memory: MemoryLimits;
  readonly log: Logger;
};

/** Processes that a series keeps for its next tasks. */
const idleMax = 2;

export async function createEngine({ directory, confinement, memory, log }: EngineOptions): Promise<Engine> {
  const folders = join(directory, "processes");
  const pipesDirectory = join(directory, "pipes");
  for (const folder of [folders, pipesDirectory]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const watch = createMemoryWatch(memory);
  let isStopping = false;
  const children = new Set<EngineChild>();

  function start(): EngineChild {
    const child = startEngineChild({
      folderPath: join(folders, newId()),
      layers: confinement.layers,
      memoryBytes: memory.processBytes,
    });
    children.add(child);
    return child;
  }

  async function end(child: EngineChild): Promise<void> {
    await child[Symbol.asyncDispose]();
    children.delete(child);
  }

  // A process takes longer to start than a small query takes: the next one is kept ready.
  let spare = start();
  function take(): EngineChild {
    const child = spare;
    spare = start();
    return child.hasEnded() ? start() : child;
  }

  async function work(child: EngineChild, task: NewTask, { signal }: Limit) {
    try {
      const reply = await ask(child, task, signal);
      if (reply.kind === "failed") throw failureOf(reply);
      return reply;
    } catch (error) {
      await end(child);
      throw error;
    }
  }

  async function ask(child: EngineChild, task: NewTask, signal: AbortSignal): Promise<Reply> {
    const output = "outputPath" in task ? task.outputPath : undefined;
    await using _files = await child.folder.lend({ input: task.path, output });
    const excess = Promise.withResolvers<MemoryExcess>();
    using _memory = watch.watch({ pid: child.pid ?? 0, onExcess: excess.resolve });
    using _priority = lowerPriorityLater(child.pid);
    const outcome = await beforeAbort(
      Promise.race([child.ask(inFolder(task, memory.processBytes)), excess.promise]),
      signal,
    );
    if (typeof outcome === "string") throw memoryFailure(outcome, memory);
    if (!("exitCode" in outcome)) return withFileName(outcome, task.fileName);
    throw toFailure(outcome, task);
  }

  const failureOf = ({ failure, message }: Reply & { kind: "failed" }): EngineFailure =>
    failure === "memory" ? memoryFailure("process", memory) : new EngineFailure(failure, message);

  function toFailure(crash: Crash, task: NewTask): EngineFailure {
    if (isStopping) return new EngineFailure("internal", "the engine stops");
    const failure = crashFailure(crash, memory);
    if (failure.kind !== "memory") log.error({ task: task.kind, ...crash }, "an engine process crashed");
    return failure;
  }

  return {
    status: () => ({ holds: confinement.holds, memory, ...watch.look() }),
    async run(task, limit) {
      limit.signal.throwIfAborted();
      const child = take();
      const reply = await work(child, task, limit);
      await end(child);
      return reply;
    },
    series() {
      const idle: EngineChild[] = [];
      let ended = false;
      return {
        pipesDirectory,
        async run(task, limit) {
          limit.signal.throwIfAborted();
          const known = idle.find((one) => !one.hasEnded());
          if (known) idle.splice(idle.indexOf(known), 1);
          const child = known ?? take();
          const reply = await work(child, task, limit);
          if (ended || idle.length >= idleMax) await end(child);
          else idle.push(child);
          return reply;
        },
        async [Symbol.asyncDispose]() {
          ended = true;
          await Promise.all(idle.splice(0).map(end));
        },
      };
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      watch[Symbol.dispose]();
      await Promise.all([...children].map(end));
    },
  };
}

/** The task as the process sees it, whose files are in its own folder. */
function inFolder(task: NewTask, memoryBytes: number): Task {
  const own = { path: inputName, spillDirectory: spillName, memoryBytes };
  return task.kind === "extract" ? { ...task, ...own, outputPath: outputName } : { ...task, ...own };
}

/** In messages the file goes by the name that people have for it. */
function withFileName(reply: Reply, fileName: string): Reply {
  if (reply.kind !== "failed") return reply;
  const message = reply.message.replaceAll(inputName, fileName).replaceAll(spillName, "the spill folder");
  return { ...reply, message };
}
