import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts processor time in hundredths of a second. */
const ticksPerSecond = 100;

/** Processor time of processes and their descendants so far, in seconds; those that have ended since count for nothing. */
export function processorSeconds(roots: readonly number[]): number {
  const stats = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), fields: statOf(name) }));
  const found = new Set(roots);
  for (const root of found) {
    for (const { pid, fields } of stats) if (Number(fields[1]) === root) found.add(pid);
  }
  const ticks = stats
    .filter(({ pid }) => found.has(pid))
    .reduce((sum, { fields }) => sum + Number(fields[11] ?? 0) + Number(fields[12] ?? 0), 0);
  return ticks / ticksPerSecond;
}

/** Fields of the kernel's line from the third on. Before it is the name, which may contain spaces and parentheses. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
