import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** V8's heap: what a stranger sends must not fill the machine. */
const heapMiB = 384;

/**
 * Starts a program of ours in a process of its own that talks over an IPC channel. An idle child does not keep this
 * process alive; a program that can't start shows when it is asked.
 */
export function startChild(program: URL, compileCache: string): ChildProcess {
  const child = fork(program, {
    // The environment holds secrets of the mesh.
    env: { NODE_COMPILE_CACHE: compileCache },
    execArgv: [`--max-old-space-size=${heapMiB}`, "--disable-warning=ExperimentalWarning"],
    // Ctrl-C in the terminal is for us.
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  child.on("error", () => {});
  unrefChild(child);
  return child;
}

/** Keeps this process alive as long as the child runs. */
export function refChild(child: ChildProcess): void {
  child.ref();
  child.channel?.ref();
}

export function unrefChild(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

export const hasEnded = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

/** Kills the child and waits until it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
