import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Env } from "../../services/lib/settings/env.ts";
import { compileCacheEnv } from "./compile-cache.ts";

export type SpawnedProcess = AsyncDisposable & {
  /** Where it listens. */
  readonly address: string;
  readonly pid: number;
  /** How it ended. */
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  /** Ends it as its operator would. */
  stop(): Promise<void>;
  /** Ends it as a loss of power would, as far as a process can feel one. */
  kill(): Promise<void>;
};

/**
 * A real process of the mesh, as `npm run start:<name>` starts it, but with this environment; `main` is its file in the
 * repository. It is ready. `fileBytesMax` bounds the files that it may write.
 */
export async function spawnProcess(
  main: string,
  env: Env,
  { fileBytesMax }: { fileBytesMax?: number | undefined } = {},
): Promise<SpawnedProcess> {
  const bounded = fileBytesMax === undefined ? [] : ["prlimit", `--fsize=${fileBytesMax}`];
  const [command = "", ...args] = [...bounded, process.execPath, join(import.meta.dirname, "../..", main)];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, ...compileCacheEnv, ...env, LOG_LEVEL: "info" },
  });
  const ended = once(child, "exit") as SpawnedProcess["ended"];
  const address = await addressOf(child);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    address,
    pid: child.pid ?? 0,
    ended,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("no output");
  for await (const line of createInterface(child.stdout)) {
    const { msg, address, err } = JSON.parse(line);
    if (err && msg === "failed") throw new Error(err.message);
    if (msg !== "ready") continue;
    child.stdout.resume();
    return address;
  }
  throw new Error("the process ended before it was ready");
}
