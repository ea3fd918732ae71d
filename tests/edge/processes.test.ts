import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type SpawnedProcess, spawnProcess } from "../lib/spawned-process.ts";
import { meshKeys } from "../lib/test-mesh.ts";

const nowhere = "127.0.0.1:1";

/** The edge in two processes, with nothing behind it. */
const startTwoProcesses = (settings: Record<string, string> = {}): Promise<SpawnedProcess> =>
  spawnProcess("edge/main.ts", {
    EDGE_PORT: "0",
    EDGE_PROCESSES: "2",
    IDENTITY_ADDRESS: nowhere,
    ORCHESTRATION_ADDRESS: nowhere,
    STORAGE_ADDRESS: nowhere,
    STAGING_ADDRESS: nowhere,
    APPROVAL_ADDRESS: nowhere,
    MESH_PRIVATE_KEY: meshKeys.privateKeys.edge,
    ...settings,
  });

async function workersOf({ pid }: SpawnedProcess): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
}

/** A call that its limits let in fails at identity, which is not there. */
const call = async ({ address }: SpawnedProcess): Promise<number> => {
  const response = await fetch(`${address}/api/v1/auth/whoami`, {
    headers: { "x-api-key": "k", connection: "close" },
  });
  await response.arrayBuffer();
  return response.status;
};

test("429: two processes share one budget, also when one of them dies", async () => {
  await using edge = await startTwoProcesses({ RATE_LIMIT_ADDRESS: "12/86400" });
  const statuses = [];
  for (let made = 0; made < 6; made += 1) statuses.push(await call(edge));
  const [victim = 0] = await workersOf(edge);
  process.kill(victim, "SIGKILL");
  await expect.poll(async () => (await workersOf(edge)).filter((pid) => pid !== victim).length).toBe(2);
  for (let made = 0; made < 8; made += 1) statuses.push(await call(edge));
  expect(statuses).toEqual([...Array(12).fill(503), 429, 429]);
});

test("OK: a stop ends every process", async () => {
  await using edge = await startTwoProcesses();
  expect(await workersOf(edge)).toHaveLength(2);
  await edge.stop();
  expect(await edge.ended).toEqual([0, null]);
});

test("OK: no process outlives a primary that was killed", async () => {
  await using edge = await startTwoProcesses();
  const workers = await workersOf(edge);
  await edge.kill();
  for (const pid of workers) await expect.poll(() => isAlive(pid)).toBe(false);
});

test("Error: processes that can't start end the edge", async () => {
  await using edge = await startTwoProcesses();
  const { port } = new URL(edge.address);
  await expect(startTwoProcesses({ EDGE_PORT: port })).rejects.toThrow("EADDRINUSE");
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
