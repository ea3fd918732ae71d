import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lap } from "./race.ts";

/** Samples the memory of processes and their descendants until the peak is read. */
type MemoryWatch = { peakMb(): Promise<number> };

/** Why memory cannot be sampled; undefined if it can. */
export const missingForMemory = (): string | undefined =>
  existsSync("/proc/self/smaps_rollup") ? undefined : "there is no /proc/*/smaps_rollup";

async function watchMemory(pids: readonly number[]): Promise<MemoryWatch> {
  const program = fileURLToPath(new URL("./memory-sampler.ts", import.meta.url));
  const child = spawn(process.execPath, [program, ...pids.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return {
    async peakMb() {
      child.stdin.end();
      const { value } = await lines.next();
      await ended;
      const { bytes } = JSON.parse(value ?? "{}") as { bytes: number };
      return bytes / 1e6;
    },
  };
}

/** A lap of work that returns its seconds. In a watched lap the memory of the processes is sampled. */
export async function lapOf(
  { watched }: { watched: boolean },
  pids: readonly number[],
  work: () => Promise<number>,
): Promise<Lap> {
  if (!watched || missingForMemory()) return { seconds: await work() };
  const watch = await watchMemory(pids);
  const seconds = await work();
  return { seconds, peakMb: await watch.peakMb() };
}
