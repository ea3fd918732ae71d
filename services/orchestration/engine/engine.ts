import type { ChildProcess } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/ids.ts";
import type { Limit } from "../connectors/connector.ts";
import { hasEnded, killChild, refChild, startChild, unrefChild } from "../process/child.ts";
import { EngineFailure } from "./engine-failure.ts";
import type { Reply, Task } from "./protocol.ts";

/** A task but for what the engine itself adds. */
type NewTask = Task extends infer T ? (T extends Task ? Omit<T, "spillDirectory"> : never) : never;

/**
 * Does one task in a process of its own, and kills it when the limit's signal aborts; then it throws the signal's
 * reason. Fails with EngineFailure.
 */
type RunTask = (task: NewTask, limit: Limit) => Promise<Exclude<Reply, { kind: "failed" }>>;

export type Engine = AsyncDisposable & {
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

/** Processes that a series keeps for its next tasks. */
const idleMax = 2;

const program = new URL("./engine-process.ts", import.meta.url);

/** `directory` is the engine's own, for what its processes spill and for their compiled code. */
export async function createEngine(directory: string): Promise<Engine> {
  const spill = join(directory, "spill");
  const pipesDirectory = join(directory, "pipes");
  for (const folder of [spill, pipesDirectory]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const start = () => startChild(program, join(directory, "code"));
  const busy = new Set<ChildProcess>();
  // A process takes longer to start than a small query takes: the next one is kept ready.
  let spare = start();
  const take = (): ChildProcess => {
    const child = hasEnded(spare) ? start() : spare;
    busy.add(child);
    spare = start();
    return child;
  };
  async function work(child: ChildProcess, task: NewTask, { signal }: Limit) {
    const spillDirectory = join(spill, newId());
    try {
      const reply = await ask(child, { ...task, spillDirectory }, signal);
      if (reply.kind === "failed") throw new EngineFailure(reply.failure, reply.message);
      return reply;
    } catch (error) {
      await end(child);
      throw error;
    } finally {
      await rm(spillDirectory, { recursive: true, force: true });
    }
  }

  async function end(child: ChildProcess): Promise<void> {
    await killChild(child);
    busy.delete(child);
  }

  return {
    async run(task, limit) {
      limit.signal.throwIfAborted();
      const child = take();
      const reply = await work(child, task, limit);
      await end(child);
      return reply;
    },
    series() {
      const idle: ChildProcess[] = [];
      let ended = false;
      return {
        pipesDirectory,
        async run(task, limit) {
          limit.signal.throwIfAborted();
          const child = idle.find((one) => !hasEnded(one)) ?? take();
          if (idle.includes(child)) idle.splice(idle.indexOf(child), 1);
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
      await Promise.all([...busy, spare].map(killChild));
    },
  };
}

function ask(child: ChildProcess, task: Task, signal: AbortSignal): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const answer = (reply: unknown) => resolve(reply as Reply);
  const stop = () => reject(signal.reason);
  const die = () =>
    reject(
      new EngineFailure(
        "tooLarge",
        "the process that read the file ended: it takes too much memory, or the file is damaged",
      ),
    );
  child.on("message", answer).on("exit", die).on("error", reject);
  signal.addEventListener("abort", stop, { once: true });
  refChild(child);
  if (signal.aborted) stop();
  else if (hasEnded(child)) die();
  else child.send(task);
  return promise.finally(() => {
    child.off("message", answer).off("exit", die).off("error", reject);
    signal.removeEventListener("abort", stop);
    unrefChild(child);
  });
}
