import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { inputName } from "../../services/orchestration/engine/work-file-names.ts";
import { eventually } from "./orchestration.ts";

const mebibyte = 1024 ** 2;

/** Processes started by a thread of this process, or by another process. */
function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
}

/** Processes of the engine, including those that are being launched. */
export const enginesOf = (parent = process.pid): number[] =>
  childrenOf(parent).filter((pid) =>
    /engine-process\.ts|confinement.launcher\.ts/.test(read(`/proc/${pid}/cmdline`)),
  );

/** Private memory as counted by the kernel; 0 for a process that has ended. */
export function memoryOf(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  const kibibytes = [...status.matchAll(/^(?:RssAnon|RssShmem):\s+(\d+) kB$/gm)].map(([, count]) =>
    Number(count),
  );
  return kibibytes.reduce((sum, count) => sum + count, 0) * 1024;
}

/** Empty for a file that has been deleted. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Maxima, in MiB. */
export type MemoryPeaks = { process: number; total: number };

const sampleEveryMs = 20;

/** Samples the memory of all engine processes of this process while `work` runs. */
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

/** Processes with a task: its input is in their working directory. */
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

/** More CPU time than a process needs to start and receive a task, in clock ticks of the kernel. */
const busyTicks = 100;

/** Whether a process is computing its task. */
export function isBusy(pid: number): boolean {
  const [, fields = ""] = read(`/proc/${pid}/stat`).split(") ");
  const [user = 0, system = 0] = fields.split(" ").slice(11, 13).map(Number);
  return user + system > busyTicks;
}

/** Stopped engine processes, one of which gets the next task. */
export type HeldEngines = Disposable & {
  /** Waits until one of them has the task. */
  working(): Promise<number>;
};

/** Shorter than the start of a process, in milliseconds. */
const holdEveryMs = 2;

/** Stops all current and new engine processes until one of them has a task. Disposing continues them. */
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

/** The process may have ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Kills the engine process that gets the task of `call` by a signal to itself, as in a crash. */
export async function crashNextEngine<T>(call: () => Promise<T>): Promise<T> {
  using engines = holdEngines();
  const response = call();
  signal(await engines.working(), "SIGSEGV");
  engines[Symbol.dispose]();
  return response;
}

/** Asserts that no task has left files. The folder of an idle process is empty. */
export async function leftFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "engine", "processes"), { recursive: true });
  const pipes = await readdir(join(folder, "engine", "pipes"));
  return [...names.filter((name) => name.includes("/")), ...pipes];
}
