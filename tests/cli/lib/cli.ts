import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { spawn as spawnInTerminal } from "@lydell/node-pty";

const sluice = join(import.meta.dirname, "../../../cli/sluice");

/** What the tests pass on: the command line reads nothing else of the environment. */
const pathEnv = { PATH: process.env.PATH ?? "", HOME: "/nonexistent" };

export type Env = Readonly<Record<string, string>>;
export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command with pipes. */
export const runCli = (env: Env, args: readonly string[], input = ""): Promise<Outcome> =>
  startCli(env, args, input).ended;

export type StartedCli = {
  readonly ended: Promise<Outcome>;
  kill(signal: NodeJS.Signals): void;
};

/** Starts a command with pipes. */
export function startCli(env: Env, args: readonly string[], input = ""): StartedCli {
  const child = spawn(sluice, args, { env: { ...pathEnv, ...env }, stdio: "pipe" });
  // A command that does not read its input may end before all of it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const ended = async (): Promise<Outcome> => {
    const [code, stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  };
  return { ended: ended(), kill: (signal) => void child.kill(signal) };
}

/** A command in a pseudo-terminal. */
export type InTerminal = Disposable & {
  /** Waits for text on the screen, and forgets all up to it. */
  shows(pattern: RegExp | string): Promise<void>;
  type(keys: string): void;
  /** All that was written, with the escapes of the terminal. */
  output(): string;
  readonly ended: Promise<number>;
};

export const keys = { enter: "\r", down: "\x1b[B", up: "\x1b[A", ctrlC: "\x03", ctrlD: "\x04" };

/** Runs a command in a pseudo-terminal of 100 columns. */
export function runInTerminal(env: Env, args: readonly string[]): InTerminal {
  const terminal = spawnInTerminal(sluice, [...args], {
    cols: 100,
    rows: 40,
    name: "xterm-256color",
    env: { ...pathEnv, TERM: "xterm-256color", ...env },
  });
  let output = "";
  let seen = 0;
  let hasEnded = false;
  const waiting = new Set<() => void>();
  const check = () => {
    for (const one of waiting) one();
  };
  terminal.onData((data) => {
    output += data;
    check();
  });
  const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  void ended.then(() => {
    hasEnded = true;
    check();
  });
  return {
    ended,
    output: () => output,
    type: (text) => terminal.write(text),
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const tryOnce = () => {
          const found = new RegExp(pattern).exec(output.slice(seen));
          if (found) seen += found.index + found[0].length;
          if (found) resolve();
          else if (hasEnded) reject(new Error(`the command ended without ${pattern}:\n${output}`));
          else return;
          waiting.delete(tryOnce);
        };
        waiting.add(tryOnce);
        tryOnce();
      }),
    [Symbol.dispose]() {
      if (!hasEnded) terminal.kill("SIGKILL");
    },
  };
}
