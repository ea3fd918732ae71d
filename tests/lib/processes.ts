import { execFile } from "node:child_process";
import { promisify } from "node:util";

export type Process = { pid: number; ppid: number; pgid: number; uid: number; args: string };

export async function listProcesses(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["-ww", "-eo", "pid=,ppid=,pgid=,uid=,stat=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, ppid, pgid, uid, stat, args = ""] =
      line.match(/^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/) ?? [];
    if (!stat || stat.startsWith("Z")) return [];
    return [{ pid: Number(pid), ppid: Number(ppid), pgid: Number(pgid), uid: Number(uid), args }];
  });
}

export async function killAll(pids: number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has exited already, after another one was killed.
    }
  }
  await untilGone(pids);
}

/** Polls until all processes are gone: only their parent gets an event. */
export async function untilGone(pids: number[]): Promise<void> {
  while ((await listProcesses()).some(({ pid }) => pids.includes(pid)));
}
