import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { currentCall } from "../../lib/rpc/call.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import type { Confinement } from "../confinement/find-confinement.ts";
import type { Protection } from "../confinement/layers.ts";
import { mappedBytesMax } from "../confinement/mapped-memory.ts";
import { beforeAbort } from "../timing/before-abort.ts";
import type { Limit } from "../timing/limit.ts";
import { crashFailure, EngineFailure, memoryFailure } from "./engine-failure.ts";
import type { MemoryExcess, MemoryLimits, MemoryWatch } from "./memory-watch.ts";
import { type Crash, type EngineChild, startEngineChild } from "./processes/engine-child.ts";
import { createEnginePool, type EnginePoolOptions } from "./processes/engine-pool.ts";
import type { EngineOwner } from "./processes/owners-tasks.ts";
import { inputName, outputName, removeFolder, spillName } from "./processes/work-folder.ts";
import type { FailureKind, Reply, Task } from "./protocol.ts";

/** A task but for what the engine itself adds; its paths are absolute. */
export type NewTask = Task extends infer T
  ? T extends Task
    ? Omit<T, "spillDirectory" | "memoryBytes">
    : never
  : never;

export type Engine = AsyncDisposable & {
  /**
   * Does one task in a process that no other user's task was in, and kills it when the limit's signal aborts; then it throws
   * the signal's reason. Fails with EngineFailure.
   */
  run(task: NewTask, limit: Limit): Promise<Exclude<Reply, { kind: "failed" }>>;
  /** Where named pipes that lead to the processes are made. */
  readonly pipesDirectory: string;
  /** Where files that the processes write are made. */
  readonly resultsDirectory: string;
  status(): EngineStatus;
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
  /** Holds the processes to their memory. */
  readonly memory: MemoryWatch;
  readonly log: Logger;
  readonly pool?: Partial<Omit<EnginePoolOptions, "startChild" | "log">>;
};

/**
 * Processor time after which a task has a low priority, in milliseconds: of a user's only task, and of the others, whose small
 * ones have ended when it is looked at first.
 */
const fullPriorityMs = 500;
const surplusPriorityMs = 0;

/** A statement that can't be run, or may not, says nothing about the process. */
const statementFailures: readonly FailureKind[] = ["sqlInvalid", "statementRefused"];

export async function createEngine({
  directory,
  confinement,
  memory,
  log,
  pool: poolOptions,
}: EngineOptions): Promise<Engine> {
  const folders = join(directory, "processes");
  const pipesDirectory = join(directory, "pipes");
  const resultsDirectory = join(directory, "results");
  for (const folder of [folders, pipesDirectory, resultsDirectory]) {
    await removeFolder(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const { limits } = memory;
  let isStopping = false;
  /** Tasks that are being done, by the user whose they are. */
  const busyCounts = new Map<string, number>();
  const startChild = () =>
    startEngineChild({
      folderPath: join(folders, newId()),
      layers: confinement.layers,
      memoryBytes: limits.processBytes,
    });
  const pool = createEnginePool({
    startChild,
    log,
    mappedBytesMax: mappedBytesMax(limits.processBytes),
    ...poolOptions,
  });

  /** What computes for long comes after everybody else's, and sooner so where its user has other tasks. */
  function prioritise(child: EngineChild): Disposable {
    const user = JSON.stringify(callersUser() ?? {});
    const busyCount = busyCounts.get(user) ?? 0;
    busyCounts.set(user, busyCount + 1);
    using stack = new DisposableStack();
    stack.use(child.priority.lowerLater(busyCount > 0 ? surplusPriorityMs : fullPriorityMs));
    stack.defer(() => {
      const left = (busyCounts.get(user) ?? 1) - 1;
      if (left > 0) busyCounts.set(user, left);
      else busyCounts.delete(user);
    });
    return stack.move();
  }

  async function run(task: NewTask, limit: Limit) {
    limit.signal.throwIfAborted();
    const child = await pool.take(callersUser(), limit.signal);
    const reply = await ask(child, task, limit.signal).catch(async (error: unknown) => {
      await pool.end(child);
      throw error;
    });
    if (reply.kind !== "failed") {
      pool.giveBack(child);
      return reply;
    }
    if (statementFailures.includes(reply.failure)) pool.giveBack(child);
    else await pool.end(child);
    throw failureOf(reply);
  }

  async function ask(child: EngineChild, task: NewTask, signal: AbortSignal): Promise<Reply> {
    const output = "outputPath" in task ? task.outputPath : undefined;
    await child.folder.lend({ input: task.path, output });
    const excess = Promise.withResolvers<MemoryExcess>();
    const group = currentCall()?.principal?.orgId;
    using _memory = memory.watch({ pid: child.pid ?? 0, group, onExcess: excess.resolve });
    using _priority = prioritise(child);
    const outcome = await beforeAbort(
      Promise.race([child.ask(inFolder(task, limits.processBytes)), excess.promise]),
      signal,
    );
    if (typeof outcome === "string") throw memoryFailure(outcome, limits);
    if (!("exitCode" in outcome)) return withFileName(outcome, task.fileName);
    throw toFailure(outcome, task);
  }

  const failureOf = ({ failure, message }: Reply & { kind: "failed" }): EngineFailure =>
    failure === "memory" ? memoryFailure("process", limits) : new EngineFailure(failure, message);

  function toFailure(crash: Crash, task: NewTask): EngineFailure {
    if (isStopping) return new EngineFailure("internal", "the engine stops");
    const failure = crashFailure(crash, limits);
    if (failure.kind !== "memory") log.error({ task: task.kind, ...crash }, "an engine process crashed");
    return failure;
  }

  return {
    run,
    pipesDirectory,
    resultsDirectory,
    status: () => ({ holds: confinement.holds, memory: limits, ...memory.look() }),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** Whose task it is; undefined outside of any call. */
function callersUser(): EngineOwner | undefined {
  const principal = currentCall()?.principal;
  return principal && { orgId: principal.orgId, userId: principal.userId };
}

/** The task as the process sees it, whose files are in its own folder. */
function inFolder(task: NewTask, memoryBytes: number): Task {
  const own = { path: inputName, spillDirectory: spillName, memoryBytes };
  return "outputPath" in task ? { ...task, ...own, outputPath: outputName } : { ...task, ...own };
}

/** In messages the file goes by the name that people have for it. */
function withFileName(reply: Reply, fileName: string): Reply {
  if (reply.kind !== "failed") return reply;
  const message = reply.message.replaceAll(inputName, fileName).replaceAll(spillName, "the spill folder");
  return { ...reply, message };
}
