import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lap } from "./race.ts";

/** Watches processes and their descendants until it is asked for the most memory that they had in use together. */
type MemoryWatch = { peakMb(): Promise<number> };

/** Why memory can't be looked at; undefined where it can. */
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

/** A lap of work that answers its own seconds, with the memory of some processes where it is to be watched. */
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
