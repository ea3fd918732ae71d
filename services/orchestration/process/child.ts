import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

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
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  keepLastWords(child);
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

/** Whether the child is dead, also when this process was not told of it yet. */
export const isDead = (child: ChildProcess): boolean => hasEnded(child) || isZombie(child.pid ?? 0);

/** By the kernel's list of processes, where there is one: of a dead one that its parent has not heard of the state is Z. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

const lastWordsCharactersMax = 10_000;
const lastWordsOf = new WeakMap<ChildProcess, { text: string }>();

/** What a child writes when it breaks down says why. */
function keepLastWords(child: ChildProcess): void {
  const words = { text: "" };
  lastWordsOf.set(child, words);
  const { stderr } = child;
  if (!stderr) return;
  stderr.setEncoding("latin1").on("data", (piece: string) => {
    words.text = (words.text + piece).slice(-lastWordsCharactersMax);
  });
  stderr.on("error", () => {});
  // It must not keep this process alive.
  (stderr as Socket).unref();
}

/** Calls `heard` with a child's last words once it is gone; later than now. */
export function onceEnded(child: ChildProcess, heard: (lastWords: string) => void): void {
  const tell = () => heard(lastWordsOf.get(child)?.text ?? "");
  if (hasEnded(child)) queueMicrotask(tell);
  child.once("exit", (_code, signal) => {
    // Only who ends by itself has words, which may come after the end.
    if (signal !== "SIGABRT" || !child.stderr || child.stderr.closed) tell();
    else child.stderr.once("close", tell);
  });
}

/** Kills the child and waits until it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
