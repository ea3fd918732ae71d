import { listProcesses } from "./processes.ts";

/** More than closing everything takes. */
const leaveMs = 60_000;

/**
 * Ends the run, with the names of processes that tests have left behind: vitest waits without a bound for everything that
 * holds its workers' output.
 */
export function leaveInTime(): void {
  const leave = async () => {
    console.error(`the tests are done, and these processes, which one of them has started, are not:`);
    console.error((await leftProcesses()).join("\n"));
    process.exit(1);
  };
  setTimeout(leave, leaveMs).unref();
}

/** Processes of this one's group, but its ancestors and children. */
async function leftProcesses(): Promise<string[]> {
  const all = await listProcesses();
  const parentOf = new Map(all.map(({ pid, ppid }) => [pid, ppid]));
  const own = new Set<number>();
  for (let pid: number | undefined = process.pid; pid; pid = parentOf.get(pid)) own.add(pid);
  const group = all.find(({ pid }) => pid === process.pid)?.pgid;
  return all
    .filter(({ pid, ppid, pgid }) => pgid === group && !own.has(pid) && ppid !== process.pid)
    .map(({ pid, args }) => `  ${pid} ${args}`);
}
