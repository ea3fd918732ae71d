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
import { EngineFailure } from "./engine-failure.ts";
import type { MemoryExcess, MemoryLimits, MemoryWatch } from "./memory-watch.ts";
import { crashFailure, memoryFailure } from "./processes/crash-failure.ts";
import { type Crash, type EngineChild, startEngineChild } from "./processes/engine-child.ts";
import { createEnginePool, type EnginePoolOptions } from "./processes/engine-pool.ts";
import type { EngineOwner } from "./processes/owner-tasks.ts";
import { nicenessDefault } from "./processes/process-priority.ts";
import { removeFolder } from "./processes/work-folder.ts";
import type { FailureKind, Reply, Task } from "./protocol.ts";
import { inputName, inputNameOf, outputName, spillName } from "./work-file-names.ts";

/** A task without the fields that the engine adds; its paths are absolute. */
export type NewTask = Task extends infer T
  ? T extends Task
    ? Omit<T, "spillDirectory" | "memoryBytes">
    : never
  : never;

export type Engine = AsyncDisposable & {
  /**
   * Runs one task in a process that no other user has used, and kills the process when the limit's signal aborts; then it
   * rejects with the signal's reason. Fails with EngineFailure.
   */
  run(task: NewTask, limit: Limit): Promise<Exclude<Reply, { kind: "failed" }>>;
  /** Folder of the named pipes to the processes. */
  readonly pipesDirectory: string;
  /** Folder of the files that processes write. */
  readonly resultsDirectory: string;
  status(): EngineStatus;
};

/** Confinement, limits and current use of the engine. */
type EngineStatus = {
  readonly holds: ReadonlySet<Protection>;
  readonly memory: MemoryLimits;
  readonly busyCount: number;
  readonly memoryBytes: number;
};

export type EngineOptions = {
  /** A folder used by this engine only. */
  readonly directory: string;
  readonly confinement: Confinement;
  readonly memory: MemoryWatch;
  readonly log: Logger;
  /** Of a process whose task is long at work: 0 to 19. */
  readonly niceness?: number;
  readonly pool?: Partial<Omit<EnginePoolOptions, "startChild" | "log">>;
};

/**
 * Processor time after which the priority of a task is lowered, in milliseconds: for a user's only task, and for its further
 * ones. Small tasks end before the first check.
 */
const fullPriorityMs = 500;
const surplusPriorityMs = 0;

/** Failures of the statement, after which the process can be reused. */
const statementFailures: readonly FailureKind[] = ["sqlInvalid", "statementRefused"];

export async function createEngine({
  directory,
  confinement,
  memory,
  log,
  niceness = nicenessDefault,
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
  /** Running tasks by user. */
  const busyCounts = new Map<string, number>();
  const startChild = () =>
    startEngineChild({
      folderPath: join(folders, newId()),
      layers: confinement.layers,
      memoryBytes: limits.processBytes,
      niceness,
    });
  const pool = createEnginePool({
    startChild,
    log,
    mappedBytesMax: mappedBytesMax(limits.processBytes),
    ...poolOptions,
  });

  /** Long tasks yield to short ones, and the further tasks of a user sooner than the first. */
  function lowerWhenLong(child: EngineChild): Disposable {
    const user = JSON.stringify(currentOwner() ?? {});
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
    const child = await pool.take(currentOwner(), limit.signal);
    const reply = await perform(child, task, limit.signal).catch(async (error: unknown) => {
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

  async function perform(child: EngineChild, task: NewTask, signal: AbortSignal): Promise<Reply> {
    const output = "outputPath" in task ? task.outputPath : undefined;
    await child.folder.linkFiles({ input: task.path, inputs: task.inputPaths, output });
    const excess = Promise.withResolvers<MemoryExcess>();
    const group = currentCall()?.principal?.orgId;
    using _memory = memory.watch({ pid: child.pid ?? 0, group, onExcess: excess.resolve });
    using _priority = lowerWhenLong(child);
    const outcome = await beforeAbort(
      Promise.race([child.run(inFolder(task, limits.processBytes)), excess.promise]),
      signal,
    );
    if (typeof outcome === "string") throw memoryFailure(outcome, limits);
    if (!("exitCode" in outcome)) return withFileName(outcome, child.folder.path, task.fileName);
    throw toFailure(outcome, task);
  }

  const failureOf = ({ failure, message }: Reply & { kind: "failed" }): EngineFailure =>
    failure === "memory" ? memoryFailure("process", limits) : new EngineFailure(failure, message);

  function toFailure(crash: Crash, task: NewTask): EngineFailure {
    if (isStopping) return new EngineFailure("internal", "the engine stops");
    const failure = crashFailure(crash, limits);
    if (failure.kind !== "memory") {
      const { exitCode, signal, stderrTail: complaint, killedExternally: endedByOthers } = crash;
      log.error({ task: task.kind, exitCode, signal, complaint, endedByOthers }, "an engine process crashed");
    }
    return failure;
  }

  return {
    run,
    pipesDirectory,
    resultsDirectory,
    status: () => ({ holds: confinement.holds, memory: limits, ...memory.usage() }),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** The user of the current call; undefined outside of a call. */
function currentOwner(): EngineOwner | undefined {
  const principal = currentCall()?.principal;
  return principal && { orgId: principal.orgId, userId: principal.userId };
}

/** The task with the paths in the process's own folder. */
function inFolder(task: NewTask, memoryBytes: number): Task {
  const inputPaths = task.inputPaths?.map((_, index) => inputNameOf(index));
  const own = { path: inputName, spillDirectory: spillName, memoryBytes, ...(inputPaths && { inputPaths }) };
  return "outputPath" in task ? { ...task, ...own, outputPath: outputName } : { ...task, ...own };
}

/** How a process calls its folder, as in `databasePath`. */
const processFolder = /\/proc\/(?:self|\d+)\/cwd\//g;

/** Replaces names of the work folder by the file's display name. */
function withFileName(reply: Reply, folderPath: string, fileName: string): Reply {
  if (reply.kind !== "failed") return reply;
  const message = reply.message
    .replaceAll(`${folderPath}/`, "")
    .replaceAll(processFolder, "")
    .replaceAll(inputName, fileName)
    .replaceAll(spillName, "the spill folder");
  return { ...reply, message };
}
