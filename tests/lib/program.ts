import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Env } from "../../services/lib/settings/env.ts";
import { processEnv } from "./process-env.ts";

/** A running program and its output. */
export type Program = AsyncDisposable & {
  process: ChildProcess;
  /** The exit code; null after a signal. */
  ended: Promise<number | null>;
  /** Waits for output that matches and resolves to the first group. Rejects if the process exits before. */
  printed(pattern: RegExp): Promise<string>;
  /** Standard output and standard error so far. */
  output(): string;
};

/** Starts a file of the repository with `PATH` and this environment only. */
export function startProgram(file: string, env: Env, args: readonly string[] = []): Program {
  // In a process group of its own, as in a shell: signals to the group do not reach the tests.
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...processEnv, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      child.emit("printed");
    });
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return {
    process: child,
    ended,
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const match = pattern.exec(output);
          if (match) resolve(match[1] ?? match[0]);
        };
        child.on("printed", check);
        child.on("close", () => reject(new Error(`${file} ended:\n${output}`)));
        check();
      }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
