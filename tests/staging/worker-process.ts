import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const main = join(import.meta.dirname, "../../services/staging/worker/main.ts");

export type WorkerProcess = AsyncDisposable & {
  /** Sends a signal; resolves when the process has ended, if the signal ends it. */
  kill(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): Promise<void>;
};

/** The real process, as `npm run start:worker` starts it; resolves when it takes jobs. */
export async function spawnWorker(settings: Record<string, string | undefined>): Promise<WorkerProcess> {
  const { database_url, mesh_private_key, mesh_trusted_keys, GRPC_LISTEN: _, ...env } = settings;
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...env,
      PATH: process.env.PATH,
      LOG_LEVEL: "info",
      STAGING_JOBS_AT_ONCE: "1",
      DATABASE_URL: database_url,
      MESH_PRIVATE_KEY: mesh_private_key,
      MESH_TRUSTED_KEYS: mesh_trusted_keys,
    },
  });
  await ready(child);
  const kill: WorkerProcess["kill"] = async (signal) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    if (signal === "SIGKILL" || signal === "SIGTERM") await ended;
  };
  return { kill, [Symbol.asyncDispose]: () => kill("SIGKILL") };
}

async function ready(child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error("no output");
  for await (const line of createInterface(child.stdout)) {
    const { msg, err } = JSON.parse(line);
    if (err && msg === "failed") throw new Error(err.message);
    if (msg !== "ready") continue;
    child.stdout.resume();
    return;
  }
  throw new Error("the worker ended before it was ready");
}
