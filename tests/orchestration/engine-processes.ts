import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { inputName } from "../../services/orchestration/engine/processes/work-folder.ts";
import { eventually } from "./orchestration.ts";

const mebibyte = 1024 ** 2;

/** Processes that were started by one of this process's threads, or by another process. */
function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
}

/** Processes of the engine, also those that are still being launched. */
export const enginesOf = (parent = process.pid): number[] =>
  childrenOf(parent).filter((pid) =>
    /engine-process\.ts|confinement.launcher\.ts/.test(read(`/proc/${pid}/cmdline`)),
  );

/** Private memory, as the kernel counts it; 0 for a process that is gone. */
export function memoryOf(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  const kibibytes = [...status.matchAll(/^(?:RssAnon|RssShmem):\s+(\d+) kB$/gm)].map(([, count]) =>
    Number(count),
  );
  return kibibytes.reduce((sum, count) => sum + count, 0) * 1024;
}

/** Empty for what is not there any more. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Largest figures that were seen, in MiB. */
export type MemoryPeaks = { process: number; total: number };

const sampleEveryMs = 20;

/** Watches the memory of all engine processes of this one while `work` runs. */
export async function withMemoryPeaks<T>(work: () => Promise<T>): Promise<MemoryPeaks & { result: T }> {
  const peaks: MemoryPeaks = { process: 0, total: 0 };
  const timer = setInterval(() => {
    const sizes = enginesOf().map((pid) => Math.round(memoryOf(pid) / mebibyte));
    peaks.process = Math.max(peaks.process, ...sizes);
    peaks.total = Math.max(
      peaks.total,
      sizes.reduce((sum, size) => sum + size, 0),
    );
  }, sampleEveryMs);
  try {
    const result = await work();
    return { ...peaks, result };
  } finally {
    clearInterval(timer);
  }
}

/** The processes that have a task: its input lies in their working directory. */
const workingEngines = (parent = process.pid): number[] =>
  enginesOf(parent).filter((pid) => existsSync(`/proc/${pid}/cwd/${inputName}`));

/** Waits until one process has a task. */
export async function untilWorking(): Promise<number> {
  await eventually(() => workingEngines().length).toBe(1);
  return workingEngines()[0] ?? 0;
}

/** Waits until no process has a task. */
export async function untilIdle(): Promise<void> {
  await eventually(() => workingEngines()).toEqual([]);
}

/** More than a process takes to start and to get a task, in ticks of the kernel's clock. */
const busyTicks = 100;

/** Whether a process computes already. */
export function isBusy(pid: number): boolean {
  const [, fields = ""] = read(`/proc/${pid}/stat`).split(") ");
  const [user = 0, system = 0] = fields.split(" ").slice(11, 13).map(Number);
  return user + system > busyTicks;
}

/** Engine processes that go no further, whichever of them gets the next task. */
export type HeldEngines = Disposable & {
  /** Waits until one of them has the task. */
  working(): Promise<number>;
};

/** More often than a process starts. */
const holdEveryMs = 2;

/** Stops all engine processes, and those that start, until one of them has a task; they go on when this is disposed. */
export function holdEngines(): HeldEngines {
  const held = new Set<number>();
  const hold = () => {
    for (const pid of enginesOf()) {
      if (!held.has(pid)) signal(pid, "SIGSTOP");
      held.add(pid);
    }
  };
  hold();
  const timer = setInterval(hold, holdEveryMs);
  return {
    async working() {
      const pid = await untilWorking();
      clearInterval(timer);
      return pid;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const pid of held) signal(pid, "SIGCONT");
    },
  };
}

/** It may have ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Has the engine process that gets the task of `call` end by a signal of its own, as one that crashes does. */
export async function crashNextEngine<T>(call: () => Promise<T>): Promise<T> {
  using engines = holdEngines();
  const answer = call();
  signal(await engines.working(), "SIGSEGV");
  engines[Symbol.dispose]();
  return answer;
}

/** Nothing that a task left of its files: the folder of a process that is kept ready has nothing in it. */
export async function leftFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "engine", "processes"), { recursive: true });
  const pipes = await readdir(join(folder, "engine", "pipes"));
  return [...names.filter((name) => name.includes("/")), ...pipes];
}
