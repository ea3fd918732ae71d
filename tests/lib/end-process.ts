import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Has a process end by a signal that ends it, unless it has ended; resolves when it is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}
