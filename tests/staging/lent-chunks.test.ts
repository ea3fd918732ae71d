import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { openLentFolder } from "../../services/orchestration/lent/lent-folder.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { bytesOf, type Peers, sha256Of } from "./peers.ts";
import { createJob, ended, type Staging, startStaging } from "./staging.ts";

const staging = forFile(startStaging);
const prepared = forFile(temporaryFolder);
const lend = forFile(() => lendIn(staging()));

type Lend = (bytes: Buffer, sha256?: string) => ReturnType<Peers["lend"]>;

/** Lends bytes as orchestration lends a prepared file. */
async function lendIn({ lentDirectory }: Staging): Promise<Lend> {
  const folder = await openLentFolder(lentDirectory);
  return async (bytes, sha256 = sha256Of(bytes)) => {
    const path = join(prepared().path, sha256);
    await writeFile(path, bytes);
    const extraction = { rowCount: 0, columns: [] };
    return (await folder.lend({ path, sha256, sizeBytes: bytes.length, extraction }))?.file;
  };
}

/** Runs a job over a source of one table and three chunks. */
async function runJob(mesh: Staging, name: string) {
  const user = mesh.user();
  const source = mesh.peers.addSource(user.who, { name });
  mesh.peers.asked.length = 0;
  const { jobId } = await createJob(user, source);
  const job = await ended(user, jobId);
  const { chunks } = await user.jobs.listChunks({ jobId });
  const [table] = source.tables;
  if (!table) throw new Error("no table");
  return {
    job,
    hashes: chunks.map(({ sha256 }) => sha256),
    expected: ["0", "1", "2"].map((range) => sha256Of(bytesOf(mesh.peers.state, table, range))),
    asked: mesh.peers.asked.filter((call) => call.startsWith("chunk")),
  };
}

const whole = { state: JobState.SUCCEEDED, progress: { rowCount: 3000n, chunkCount: 3 } };

test("OK: storage takes lent chunks where they lie", async () => {
  staging().peers.lend = lend();
  const { job, hashes, expected, asked } = await runJob(staging(), "lent");
  expect(job).toMatchObject(whole);
  expect(hashes).toEqual(expected);
  expect(asked).toHaveLength(3);
});

test("FAILED: a lent chunk with other bytes than its hash says is not stored", async () => {
  staging().peers.lend = (bytes) => lend()(Buffer.from(bytes).fill(0, 10, 11), sha256Of(bytes));
  const { job, hashes } = await runJob(staging(), "damaged");
  expect(job.state).toBe(JobState.FAILED);
  expect(job.errorMessage).toMatch(/the lent file does not have the sha256 [0-9a-f]{64}/);
  expect(hashes).toEqual([]);
});

test("OK: chunks that storage can't read there come as bytes, and none is lent any more", async () => {
  await using elsewhere = await startStaging();
  const lendElsewhere = await lendIn(elsewhere);
  elsewhere.peers.lend = async (bytes) => {
    const file = await lendElsewhere(bytes);
    await rm(join(elsewhere.lentDirectory, `${file?.name}-${file?.sha256}`));
    return file;
  };
  const { job, hashes, expected } = await runJob(elsewhere, "elsewhere");
  expect(job).toMatchObject(whole);
  expect(hashes).toEqual(expected);
  const { asked } = await runJob(elsewhere, "later");
  expect(asked).toHaveLength(3);
});
