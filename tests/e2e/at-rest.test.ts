import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { caller, logIn } from "./api.ts";
import { type MeshOnFolder, startOnFolder } from "./mesh-process.ts";

const password = "a long password of one at rest";
/** The shortest timer of an idle mesh, in milliseconds. */
const restMs = 1000;
/** Consecutive samples without a short timer. A periodic one would be in nearly every sample. */
const looksInRow = 25;

const timersProgram = new URL("live-timers.ts", import.meta.url).href;

/** Delays of the active timers. */
async function liveTimers(mesh: MeshOnFolder, look: number): Promise<number[]> {
  process.kill(mesh.pid, "SIGUSR2");
  const line = new RegExp(`live timers ${look}: (.*)`);
  await expect.poll(() => line.test(mesh.output()), { timeout: 20_000, interval: 20 }).toBe(true);
  return JSON.parse(line.exec(mesh.output())?.[1] ?? "[]");
}

/** Samples until enough consecutive samples have no short timer. Returns those of the last sample that had some. */
async function lastShortTimers(mesh: MeshOnFolder, looksMax: number): Promise<number[]> {
  let short: number[] = [];
  let inRow = 0;
  for (let look = 1; look <= looksMax && inRow < looksInRow; look += 1) {
    const found = (await liveTimers(mesh, look)).filter((delayMs) => delayMs < restMs);
    if (found.length > 0) short = found;
    inRow = found.length > 0 ? 0 : inRow + 1;
  }
  return inRow < looksInRow ? short : [];
}

async function work(url: string): Promise<void> {
  const call = caller(url, { authorization: `Bearer ${await logIn(url, password)}` });
  const stored = await call("POST", "/api/v1/storage/files?name=n.csv", Buffer.from("n\n1\n2\n"), {
    "content-type": "application/octet-stream",
  });
  const { fileId } = JSON.parse(stored.body).file;
  const source = { displayName: "n", connector: "file", settings: { fileId } };
  const made = await call("POST", "/api/v1/sources", { source });
  const { sourceId } = JSON.parse(made.body).source;
  await call("POST", "/api/v1/catalog:discover", { sourceId });
  const answer = await call("POST", "/api/v1/execute", { sourceId, sql: "select sum(n) as total from n" });
  expect(answer.status).toBe(200);
  const job = await call("POST", "/api/v1/staging/jobs", { job: { sourceId, tables: ["n"] } });
  const { jobId } = JSON.parse(job.body).job;
  const states = await call("GET", `/api/v1/staging/jobs/${jobId}:watch`);
  expect(states.body).toContain("JOB_STATE_SUCCEEDED");
}

test("OK: a mesh that has worked and rests has no timer under a second", { timeout: 240_000 }, async () => {
  await using folder = await temporaryFolder();
  await using mesh = await startOnFolder(folder.path, password, {
    NODE_OPTIONS: `--import=${timersProgram}`,
  });
  await work(mesh.url);
  expect(await lastShortTimers(mesh, 600)).toEqual([]);
});

test("OK: a mesh stops at once, with processes of engines that are warm", { timeout: 240_000 }, async () => {
  await using folder = await temporaryFolder();
  const mesh = await startOnFolder(folder.path, password);
  await work(mesh.url);
  const children = readFileSync(`/proc/${mesh.pid}/task/${mesh.pid}/children`, "utf8").trim().split(" ");
  const engines = children.filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("engine-process"),
  );
  expect(engines.length).toBeGreaterThan(0);
  expect(await mesh.end("SIGTERM", "process")).toBe(0);
  const isGone = (pid: string) => {
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch {
      return true;
    }
  };
  expect(engines.filter((pid) => !isGone(pid))).toEqual([]);
});
