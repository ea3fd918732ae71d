import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "./row.ts";

/** Idle time before the measurement, and its duration, in milliseconds. */
const settleMs = 45_000;
const watchMs = 60_000;
/** Limits of an idle mesh: proportional set size in MiB, and per cent of one processor. */
const memoryGoalMiB = 250;
const processorGoal = 1;
/** The kernel counts CPU time in hundredths of a second. */
const ticksPerSecond = 100;

export const memoryAtRest: Row = {
  name: "memory at rest, after work",
  against: `${memoryGoalMiB} MiB of all processes, PostgreSQL's among them`,
  target: 1,
  missing: missingOffLinux,
  async measure(world) {
    const mesh = await world.oneProcess();
    await mesh.call("GET", "/api/v1/sources");
    await sleep(settleMs);
    const memoryMiB = processesOf(mesh.process.pid).reduce((sum, pid) => sum + proportionalMiB(pid), 0);
    return {
      ratio: memoryGoalMiB / memoryMiB,
      figures: { ours: memoryMiB, other: memoryGoalMiB, rounds: 1 },
    };
  },
};

export const processorAtRest: Row = {
  name: "processor at rest, after work",
  against: `${processorGoal} % of one processor`,
  target: 1,
  missing: missingOffLinux,
  async measure(world) {
    const mesh = await world.oneProcess();
    await sleep(settleMs);
    const before = ticksOf(mesh.process.pid);
    await sleep(watchMs);
    // One tick is the resolution.
    const ticks = Math.max(1, ticksOf(mesh.process.pid) - before);
    const used = (ticks / ticksPerSecond / (watchMs / 1000)) * 100;
    return { ratio: processorGoal / used, figures: { ours: used, other: processorGoal, rounds: 1 } };
  },
};

function missingOffLinux(): string | undefined {
  return process.platform === "linux" ? undefined : "it is read from Linux's /proc";
}

/** A process and its descendants. */
function processesOf(root: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statOf(Number(name))[1] ?? 0) }));
  const found = [root];
  for (const pid of found) {
    found.push(...parents.filter(({ parent }) => parent === pid).map((child) => child.pid));
  }
  return found;
}

const ticksOf = (root: number): number =>
  processesOf(root).reduce((sum, pid) => {
    const [user = 0, system = 0] = statOf(pid).slice(11, 13).map(Number);
    return sum + user + system;
  }, 0);

/** The fields after the process's name; empty if it has ended. */
function statOf(pid: number): string[] {
  return read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
}

const proportionalMiB = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
