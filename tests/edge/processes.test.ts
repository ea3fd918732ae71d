import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { meshKeys } from "../lib/test-mesh.ts";

const nowhere = "127.0.0.1:1";

type EdgeProcess = AsyncDisposable & {
  readonly url: string;
  readonly primary: ChildProcess;
  workers(): Promise<number[]>;
};

/** The edge as `npm run start:edge` runs it, in two processes, with nothing behind it. */
async function startTwoProcesses(settings: Record<string, string> = {}): Promise<EdgeProcess> {
  const primary = spawn(process.execPath, [join(import.meta.dirname, "../../edge/main.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      EDGE_PORT: "0",
      EDGE_PROCESSES: "2",
      IDENTITY_ADDRESS: nowhere,
      ORCHESTRATION_ADDRESS: nowhere,
      STORAGE_ADDRESS: nowhere,
      STAGING_ADDRESS: nowhere,
      APPROVAL_ADDRESS: nowhere,
      MESH_PRIVATE_KEY: meshKeys.privateKeys.edge ?? "",
      ...settings,
    },
  });
  const url = await addressOf(primary);
  return {
    url,
    primary,
    async workers() {
      const path = `/proc/${primary.pid}/task/${primary.pid}/children`;
      return (await readFile(path, "utf8")).trim().split(" ").filter(Boolean).map(Number);
    },
    async [Symbol.asyncDispose]() {
      if (primary.exitCode !== null || primary.signalCode !== null) return;
      const ended = once(primary, "exit");
      primary.kill("SIGKILL");
      await ended;
    },
  };
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error("no output");
  for await (const line of createInterface(stdout)) {
    const { msg, address } = JSON.parse(line);
    if (msg !== "ready") continue;
    stdout.resume();
    return address;
  }
  throw new Error("the edge ended before it was ready");
}

/** A call that its limits let in fails at identity, which is not there. */
const call = async ({ url }: EdgeProcess): Promise<number> => {
  const response = await fetch(`${url}/api/v1/auth/whoami`, {
    headers: { "x-api-key": "k", connection: "close" },
  });
  await response.arrayBuffer();
  return response.status;
};

test("429: two processes share one budget, also when one of them dies", async () => {
  await using edge = await startTwoProcesses({ RATE_LIMIT_ADDRESS: "12/86400" });
  const statuses = [];
  for (let made = 0; made < 6; made += 1) statuses.push(await call(edge));
  const [victim = 0] = await edge.workers();
  process.kill(victim, "SIGKILL");
  await expect.poll(async () => (await edge.workers()).filter((pid) => pid !== victim).length).toBe(2);
  for (let made = 0; made < 8; made += 1) statuses.push(await call(edge));
  expect(statuses).toEqual([...Array(12).fill(503), 429, 429]);
});

test("OK: a stop ends every process", async () => {
  await using edge = await startTwoProcesses();
  expect(await edge.workers()).toHaveLength(2);
  const ended = once(edge.primary, "exit");
  edge.primary.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("OK: no process outlives a primary that was killed", async () => {
  await using edge = await startTwoProcesses();
  const workers = await edge.workers();
  edge.primary.kill("SIGKILL");
  for (const pid of workers) await expect.poll(() => isAlive(pid)).toBe(false);
});

test("Error: processes that can't start end the edge", async () => {
  await using edge = await startTwoProcesses();
  const { port } = new URL(edge.url);
  await expect(startTwoProcesses({ EDGE_PORT: port })).rejects.toThrow("ended before it was ready");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
