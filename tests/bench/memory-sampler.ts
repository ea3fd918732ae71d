import { readdirSync, readFileSync } from "node:fs";

// Samples the memory of processes and their descendants until its input ends, then prints the peak as a line of JSON. It is a
// process of its own, so that sampling does not slow down the measured process.

const intervalMs = 100;

/** Arguments: process ids of the roots. */
const roots = new Set(process.argv.slice(2).map(Number));

let peak = { bytes: 0, processes: 0, unread: 0 };

function sample(): void {
  const pids = treeOf(roots);
  let bytes = 0;
  let unread = 0;
  for (const pid of pids) {
    const own = proportionalBytes(pid);
    bytes += own ?? 0;
    if (own === undefined) unread++;
  }
  if (bytes > peak.bytes) peak = { bytes, processes: pids.length, unread };
}

/** The roots and their descendants. */
function treeOf(parents: ReadonlySet<number>): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = new Set<number>();
  const waiting = [...parents];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return [...found];
}

/** The fields after the name. The name is in parentheses and may contain any characters. */
const parentOf = (pid: number): number | undefined => {
  const text = read(pid, "stat");
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
};

/** Proportional set size; undefined if the process has ended or belongs to another user. */
function proportionalBytes(pid: number): number | undefined {
  const found = /^Pss:\s+(\d+) kB$/m.exec(read(pid, "smaps_rollup") ?? "");
  return found ? Number(found[1]) * 1024 : undefined;
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

sample();
const timer = setInterval(sample, intervalMs);
process.stdout.write("ready\n");
process.stdin.resume().once("end", () => {
  clearInterval(timer);
  sample();
  process.stdout.write(`${JSON.stringify(peak)}\n`);
});
