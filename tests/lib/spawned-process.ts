import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Env } from "../../services/lib/settings/env.ts";
import { processEnv } from "./process-env.ts";

export type SpawnedProcess = AsyncDisposable & {
  /** The address that it logged as ready. */
  readonly address: string;
  readonly pid: number;
  /** Resolves on exit. */
  readonly ended: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  /** Sends SIGTERM and waits for the exit. */
  stop(): Promise<void>;
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<void>;
};

/**
 * Starts a process of the mesh as `npm run start:<name>` does, with `PATH` and this environment only, and waits until it is ready. `main`
 * is its file in the repository, `fileBytesMax` the largest file that it may write.
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
    env: { ...processEnv, ...env, LOG_LEVEL: "info" },
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
