import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Env } from "../../services/lib/settings/env.ts";
import { compileCacheEnv } from "./compile-cache.ts";

/** A program that runs, and everything that it prints. */
export type Program = AsyncDisposable & {
  process: ChildProcess;
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>;
  /** The first group of the first match in what the process prints; rejects when it ends before. */
  printed(pattern: RegExp): Promise<string>;
  /** What it has printed so far. */
  output(): string;
};

/** Starts a program by its file in the repository, with this environment. */
export function startProgram(file: string, env: Env, args: readonly string[] = []): Program {
  // A group of its own, as a shell gives each job: signals to it do not reach the tests.
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env.PATH, ...compileCacheEnv, ...env },
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
        const look = () => {
          const match = pattern.exec(output);
          if (match) resolve(match[1] ?? match[0]);
        };
        child.on("printed", look);
        child.on("close", () => reject(new Error(`${file} ended:\n${output}`)));
        look();
      }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
