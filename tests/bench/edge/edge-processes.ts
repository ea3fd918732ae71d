import { readFile } from "node:fs/promises";
import { spawnProcess } from "../../lib/spawned-process.ts";
import { limitsOutOfReach } from "../rate-limits.ts";
import type { Gateway } from "./start-gateway.ts";

/** Clock ticks per second in /proc, on every Linux that Node supports. */
const ticksPerSecond = 100;

/** The edge as started by `npm run start:edge`, with log and limits, in several processes that share a port. */
export async function startEdgeProcesses(
  processes: number,
  settings: Readonly<Record<string, string>>,
): Promise<Gateway> {
  const edge = await spawnProcess("edge/main.ts", {
    EDGE_PORT: "0",
    EDGE_PROCESSES: String(processes),
    ...limitsOutOfReach,
    ...settings,
  });
  return {
    port: Number(new URL(edge.address).port),
    cpuSeconds: () => cpuSecondsOf(edge.pid),
    [Symbol.asyncDispose]: edge.stop,
  };
}

/** CPU time of a process and its children. */
async function cpuSecondsOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  const pids = [pid, ...children.split(" ").filter(Boolean).map(Number)];
  const ticks = await Promise.all(pids.map(ticksOf));
  return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond;
}

async function ticksOf(pid: number): Promise<number> {
  // The second field, the name, may contain spaces, so fields are counted from its closing bracket.
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /s, "").split(" ");
  const [user, system] = fields.slice(11, 13);
  return Number(user) + Number(system);
}
