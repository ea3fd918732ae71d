import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Limit of V8's heap, because a child reads untrusted input. */
const heapMiB = 384;

/**
 * Forks a program with an IPC channel. An idle child does not keep this process alive. A failure to start is reported by the
 * first request.
 */
export function startChild(program: URL, compileCache: string): ChildProcess {
  const child = fork(program, {
    // This process's environment holds secrets.
    env: { NODE_COMPILE_CACHE: compileCache },
    execArgv: [`--max-old-space-size=${heapMiB}`, "--disable-warning=ExperimentalWarning"],
    // A separate process group, so that Ctrl-C in the terminal does not reach it.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  captureStderr(child);
  child.on("error", () => {});
  unrefChild(child);
  return child;
}

/** Keeps this process alive while the child runs. */
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

/** Whether the child is dead, even if its exit event has not arrived. */
export const isDead = (child: ChildProcess): boolean => hasEnded(child) || isZombie(child.pid ?? 0);

/** Reads the state in /proc, where there is one. A dead child that is not reaped yet has state Z. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

const stderrCharactersMax = 10_000;
const stderrOf = new WeakMap<ChildProcess, { text: string }>();

/** Keeps the end of a child's stderr, which explains a crash. */
function captureStderr(child: ChildProcess): void {
  const tail = { text: "" };
  stderrOf.set(child, tail);
  const { stderr } = child;
  if (!stderr) return;
  stderr.setEncoding("latin1").on("data", (chunk: string) => {
    tail.text = (tail.text + chunk).slice(-stderrCharactersMax);
  });
  stderr.on("error", () => {});
  // The pipe must not keep this process alive.
  (stderr as Socket).unref();
}

/** Calls `onEnd` with the end of a child's stderr after it has exited; never synchronously. */
export function onceEnded(child: ChildProcess, onEnd: (stderr: string) => void): void {
  const report = () => onEnd(stderrOf.get(child)?.text ?? "");
  if (hasEnded(child)) queueMicrotask(report);
  child.once("exit", (_code, signal) => {
    // V8 aborts with a message, which may arrive after the exit event.
    if (signal !== "SIGABRT" || !child.stderr || child.stderr.closed) report();
    else child.stderr.once("close", report);
  });
}

/** Kills the child and waits for its exit. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
