import { readdirSync, readFileSync } from "node:fs";

// Prints the most memory that some processes and their descendants had in use, when its input ends: a line of JSON.
// A process of its own, so that what it costs is not the cost of what it looks at.

const intervalMs = 100;

/** Ids of the processes whose trees count, by argument. */
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

/** Processes of the trees below the roots, these included. */
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

/** The field after the name, which is in parentheses and may have any characters. */
const parentOf = (pid: number): number | undefined => {
  const text = read(pid, "stat");
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1]);
};

/** What is shared counts by its part; undefined where the process is gone or another user's. */
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
