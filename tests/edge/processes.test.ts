import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { freePort } from "../lib/free-port.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { type SpawnedProcess, spawnProcess } from "../lib/spawned-process.ts";
import { meshKeys, temporaryFolder } from "../lib/test-mesh.ts";

const nowhere = "127.0.0.1:1";

/** The edge in two processes, without upstreams. */
const startTwoProcesses = (settings: Record<string, string> = {}): Promise<SpawnedProcess> =>
  spawnProcess("edge/main.ts", {
    EDGE_PORT: "0",
    EDGE_PROCESSES: "2",
    ...serviceAddresses(nowhere),
    MESH_PRIVATE_KEY: meshKeys.privateKeys.edge,
    ...settings,
  });

async function workersOf({ pid }: SpawnedProcess): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
}

/** Makes a call. If it is admitted, it fails at identity, which is not running. */
const call = async ({ address }: SpawnedProcess): Promise<number> => {
  const response = await fetch(`${address}/api/v1/auth/whoami`, {
    headers: { "x-api-key": "k", connection: "close" },
  });
  await response.arrayBuffer();
  return response.status;
};

/** Bounded, because a connection to a process that ends may never get a response. */
const isAnswering = ({ address }: SpawnedProcess): Promise<boolean> =>
  fetch(`${address}/health`, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(1_000),
  }).then(
    ({ ok }) => ok,
    () => false,
  );

test("429: two processes share one budget, also when one of them dies", async () => {
  await using edge = await startTwoProcesses({ RATE_LIMIT_ADDRESS: "12/86400" });
  const statuses = [];
  for (let made = 0; made < 6; made += 1) statuses.push(await call(edge));
  const [victim = 0] = await workersOf(edge);
  process.kill(victim, "SIGKILL");
  await expect.poll(async () => (await workersOf(edge)).filter((pid) => pid !== victim).length).toBe(2);
  for (let made = 0; made < 6; made += 1) statuses.push(await call(edge));
  expect(statuses).toEqual(Array(12).fill(503));
  // Without a timely response of the store, a process counts locally: one or two calls on a busy machine. Separate budgets
  // would admit twelve more, and a budget that is lost with a process three.
  const lateMax = 2;
  const late = [];
  do late.push(await call(edge));
  while (late.at(-1) === 503 && late.length <= lateMax);
  expect(late.at(-1)).toBe(429);
});

test("OK: a process that dies before it is answered takes no other with it", async () => {
  // The port is reused after all processes are gone.
  await using edge = await startTwoProcesses({ EDGE_PORT: String(await freePort()) });
  using agent = keepAliveAgent();
  const statusOf = async (): Promise<number> => {
    const sent = request(`${edge.address}/api/v1/auth/whoami`, {
      agent,
      headers: { "x-api-key": "k" },
    }).end();
    const [response] = await once(sent, "response");
    await once(response.resume(), "end");
    return response.statusCode;
  };
  expect(await statusOf()).toBe(503);
  const before = await workersOf(edge);
  // The request to the store waits in the channel while its process dies.
  process.kill(edge.pid, "SIGSTOP");
  expect(await statusOf()).toBe(503);
  for (const pid of before) process.kill(pid, "SIGKILL");
  process.kill(edge.pid, "SIGCONT");
  const newWorkers = async () => (await workersOf(edge)).filter((pid) => !before.includes(pid)).length;
  await expect.poll(newWorkers).toBe(2);
  await expect.poll(() => isAnswering(edge), { timeout: 20_000 }).toBe(true);
});

test("OK: a process that finds its settings wrong ends, and a stop ends the others", async () => {
  await using folder = await temporaryFolder();
  const key = join(folder.path, "mesh_private_key");
  await writeFile(key, meshKeys.privateKeys.edge ?? "");
  await using edge = await startTwoProcesses({ SECRETS_MNT_PATH: folder.path, MESH_PRIVATE_KEY: "" });
  const before = await workersOf(edge);
  const newWorker = async () => (await workersOf(edge)).find((pid) => !before.includes(pid));
  await rm(key);
  process.kill(before[0] ?? 0, "SIGKILL");
  await expect.poll(newWorker).toBeDefined();
  const failing = (await newWorker()) ?? 0;
  await expect.poll(() => isAlive(failing), { timeout: 20_000 }).toBe(false);
  process.kill(edge.pid, "SIGTERM");
  expect(await edge.ended).toEqual([0, null]);
});

test("OK: one admin port tells of all processes", async () => {
  const port = await freePort();
  await using edge = await startTwoProcesses({
    ADMIN_LISTEN: `127.0.0.1:${port}`,
    ADMIN_PROFILING: "on",
    LOG_LEVEL: "info",
  });
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
    return { status: response.status, body: await response.text() };
  };
  // Consecutive connections reach the processes in turn.
  for (let made = 0; made < 4; made += 1) expect(await call(edge)).toBe(503);
  const labels = 'method="sluice.identity.v1.AuthService/WhoAmI",protocol="rest",code="UNAVAILABLE"';
  // A response is counted after its end, which the client can see first.
  const counted = async () => (await ask("/metrics")).body;
  await expect.poll(counted).toContain(`sluice_edge_requests_total{${labels}} 4`);
  expect(await counted()).toMatch(/^sluice_build_info\{process="edge",.*\} 1$/m);
  // The upstreams are not running.
  expect(await ask("/readyz")).toEqual({
    status: 503,
    body: '{"status":"NOT_SERVING","parts":{"edge":false}}',
  });
  const profile = await ask("/debug/profile?seconds=0.01");
  expect([profile.status, Object.keys(JSON.parse(profile.body))]).toEqual([
    200,
    expect.arrayContaining(["nodes", "samples"]),
  ]);
});

test("OK: a stop ends every process", async () => {
  await using edge = await startTwoProcesses();
  expect(await workersOf(edge)).toHaveLength(2);
  await edge.stop();
  expect(await edge.ended).toEqual([0, null]);
});

test("OK: a stop lets a request end that has begun, in whichever process", async () => {
  await using edge = await startTwoProcesses();
  const sockets = Array.from({ length: 2 }, () => connect(Number(new URL(edge.address).port), "127.0.0.1"));
  const answers = sockets.map((socket) => text(socket));
  for (const socket of sockets) {
    socket.write("POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    socket.write("Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    // The edge requests the body when it has received the head.
    await once(socket, "readable");
  }
  process.kill(edge.pid, "SIGTERM");
  // No process accepts connections any more.
  await expect.poll(() => isAnswering(edge)).toBe(false);
  for (const socket of sockets) socket.write("{}");
  for (const answer of await Promise.all(answers)) expect(answer).toContain("HTTP/1.1 503");
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

/** Uses one connection, and so one process. */
function keepAliveAgent(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
