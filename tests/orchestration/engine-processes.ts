import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
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

/** Processor time that a process has used, in ticks of the kernel's clock. */
function ticksOf(pid: number): number {
  const [, fields = ""] = read(`/proc/${pid}/stat`).split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return (user ?? 0) + (system ?? 0);
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

/** Ticks that no process takes to start and wait for its first task. */
const busyTicks = 100;

/** The process that computes something that does not end. */
export async function untilBusy(parent = process.pid): Promise<number> {
  const busy = () => enginesOf(parent).filter((pid) => ticksOf(pid) > busyTicks);
  await eventually(() => busy().length).toBe(1);
  return busy()[0] ?? 0;
}

/** Nothing that a task left of its files: the folder of a process that is kept ready has nothing in it. */
export async function leftFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "engine", "processes"), { recursive: true });
  const pipes = await readdir(join(folder, "engine", "pipes"));
  return [...names.filter((name) => name.includes("/")), ...pipes];
}
