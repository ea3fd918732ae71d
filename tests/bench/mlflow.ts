import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../lib/free-port.ts";
import { pythonEnvironment } from "./python.ts";

const environment = pythonEnvironment("mlflow", "requirements-mlflow.txt");

/** Why MLflow cannot run; undefined if it can. */
export const missingForMlflow = environment.missing;

const startMs = 180_000;

/** MLflow's own server as it starts by default, with four workers and SQLite, but without its runners of jobs. It ends with this process. */
export async function startMlflow(folder: string): Promise<{ url: string }> {
  await mkdir(folder);
  const port = await freePort();
  const args = ["--backend-store-uri", `sqlite:///${join(folder, "mlflow.db")}`, "--port", String(port)];
  const child = spawn(environment.program, ["-m", "mlflow", "server", "--host", "127.0.0.1", ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false", MLFLOW_LOGGING_LEVEL: "ERROR" },
    cwd: folder,
    // Its workers are processes of the same group.
    detached: true,
  });
  const ended = once(child, "close");
  process.once("exit", () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  });
  child.unref();
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, ended);
  return { url };
}

async function untilHealthy(url: string, ended: Promise<unknown>): Promise<void> {
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  for (const until = Date.now() + startMs; Date.now() < until && !hasEnded; ) {
    const response = await fetch(`${url}/health`).catch(() => undefined);
    if (response?.ok) return;
    await sleep(250);
  }
  throw new Error("MLflow does not start");
}
