import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type LentFolder, openLentFolder } from "../../services/orchestration/lent/lent-folder.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { bytesOf, sha256Of } from "./peers.ts";
import { createJob, ended, type Staging, startStaging } from "./staging.ts";

let staging: Staging;
let prepared: AsyncDisposable & { path: string };
beforeAll(async () => {
  staging = await startStaging();
  prepared = await temporaryFolder();
});
afterAll(async () => {
  await prepared[Symbol.asyncDispose]();
  await staging[Symbol.asyncDispose]();
});

const stays = new AbortController();
let folder: LentFolder;
beforeEach(async () => {
  folder = await openLentFolder(staging.lentDirectory);
});

/** Lends bytes as orchestration lends a file that it has prepared. */
async function lend(bytes: Buffer, sha256 = sha256Of(bytes)) {
  const path = join(prepared.path, sha256);
  await writeFile(path, bytes);
  return folder.lend(
    { path, sha256, sizeBytes: bytes.length, extraction: { rowCount: 0, columns: [] } },
    stays.signal,
  );
}

/** Runs a job over a source of one table and three chunks. */
async function runJob(name: string) {
  const user = staging.user();
  const source = staging.peers.addSource(user.who, { name });
  staging.peers.asked.length = 0;
  const { jobId } = await createJob(user, source);
  const job = await ended(user, jobId);
  const { chunks } = await user.jobs.listChunks({ jobId });
  const [table] = source.tables;
  if (!table) throw new Error("no table");
  return {
    job,
    hashes: chunks.map(({ sha256 }) => sha256),
    expected: ["0", "1", "2"].map((range) => sha256Of(bytesOf(staging.peers.state, table, range))),
    asked: staging.peers.asked.filter((call) => call.startsWith("chunk")),
  };
}

test("OK: storage takes lent chunks where they lie", async () => {
  staging.peers.lend = lend;
  const { job, hashes, expected, asked } = await runJob("lent");
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 3000n, chunkCount: 3 } });
  expect(hashes).toEqual(expected);
  expect(asked).toHaveLength(3);
});

test("OK: chunks that storage can't read there come as bytes", async () => {
  staging.peers.lend = async (bytes) => {
    const lent = await lend(bytes);
    await rm(join(staging.lentDirectory, `${lent?.name}-${lent?.sha256}`));
    return lent;
  };
  const { job, hashes, expected, asked } = await runJob("elsewhere");
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 3000n, chunkCount: 3 } });
  expect(hashes).toEqual(expected);
  expect(asked).toHaveLength(6);
});

test("FAILED: a lent chunk with other bytes than its hash says is not stored", async () => {
  staging.peers.lend = (bytes) => lend(Buffer.from(bytes).fill(0, 10, 11), sha256Of(bytes));
  const { job, hashes } = await runJob("damaged");
  expect(job.state).toBe(JobState.FAILED);
  expect(job.errorMessage).toMatch(/the lent file does not have the sha256 [0-9a-f]{64}/);
  expect(hashes).toEqual([]);
});
