import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Job, JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf } from "../orchestration/orchestration.ts";
import { bytesOf, sha256Of } from "./peers.ts";
import { createJob, ended, eventually, type Staging, startStaging, type User } from "./staging.ts";

let staging: Staging;
beforeAll(async () => {
  staging = await startStaging();
});
afterAll(() => staging[Symbol.asyncDispose]());

const unknown = "00000000-0000-7000-8000-000000000001";

const codeOf = async (call: Promise<unknown>) => (await failureOf(call)).code;

/** Every read of a job by its id. */
const reads = [
  ({ jobs }: User, jobId: string) => jobs.getJob({ jobId }),
  ({ jobs }: User, jobId: string) => jobs.listChunks({ jobId }),
  ({ jobs }: User, jobId: string) => jobs.getChunk({ jobId, chunkIndex: 0 }),
  ({ jobs }: User, jobId: string) => jobs.getManifest({ jobId }),
  ended,
];

test("OK: jobs are listed oldest first, by page, state and source", async () => {
  const user = staging.user();
  const one = staging.peers.addSource(user.who, {});
  const two = staging.peers.addSource(user.who, {});
  const made: Job[] = [];
  for (const source of [one, two, one]) made.push(await createJob(user, source));
  await Promise.all(made.map(({ jobId }) => ended(user, jobId)));
  const ids = made.map(({ jobId }) => jobId);
  const first = await user.jobs.listJobs({ pageSize: 2 });
  expect(first.jobs.map(({ jobId }) => jobId)).toEqual(ids.slice(0, 2));
  const second = await user.jobs.listJobs({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second).toMatchObject({ jobs: [{ jobId: ids[2] }], nextPageToken: "" });
  const ofOne = await user.jobs.listJobs({ sourceId: one.sourceId, state: JobState.SUCCEEDED });
  expect(ofOne.jobs.map(({ jobId }) => jobId)).toEqual([ids[0], ids[2]]);
  expect((await user.jobs.listJobs({ state: JobState.FAILED })).jobs).toEqual([]);
  expect(
    await failureOf(user.jobs.listJobs({ pageToken: first.nextPageToken, state: JobState.FAILED })),
  ).toMatchObject({
    code: Code.InvalidArgument,
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("OK: a watch answers the job now, what changes, and ends with its end", async () => {
  const user = staging.user();
  const hold = Promise.withResolvers<void>();
  staging.peers.beforeChunk = ({ range }) => (range === "2" ? hold.promise : undefined);
  const { jobId } = await createJob(user, staging.peers.addSource(user.who, {}));
  const seen: Job[] = [];
  for await (const { job } of user.jobs.watchJob({ jobId })) {
    if (!job) throw new Error("no job");
    seen.push(job);
    if (job.progress?.chunkCount === 2) hold.resolve();
  }
  staging.peers.beforeChunk = () => {};
  expect(seen.at(-1)).toMatchObject({ state: JobState.SUCCEEDED, progress: { chunkCount: 3 } });
  const counts = seen.map(({ progress }) => progress?.chunkCount ?? 0);
  expect(counts).toEqual([...counts].sort());
  expect(counts).toContain(2);
  const after: Job[] = [];
  for await (const { job } of user.jobs.watchJob({ jobId })) if (job) after.push(job);
  expect(after).toMatchObject([{ jobId, state: JobState.SUCCEEDED }]);
});

test("OK: a watch goes on through a pause, and ends NotFound when the job is removed", async () => {
  const user = staging.user();
  const hold = Promise.withResolvers<void>();
  staging.peers.beforeChunk = () => hold.promise;
  const { jobId } = await createJob(user, staging.peers.addSource(user.who, {}));
  const seen: (JobState | undefined)[] = [];
  const watching = (async () => {
    for await (const { job } of user.jobs.watchJob({ jobId })) seen.push(job?.state);
  })();
  const failed = failureOf(watching);
  await eventually(() => seen.at(-1)).toBe(JobState.RUNNING);
  await user.jobs.pauseJob({ jobId });
  await eventually(() => seen.at(-1)).toBe(JobState.PAUSED);
  await user.jobs.resumeJob({ jobId });
  await eventually(() => seen.at(-1)).toBe(JobState.RUNNING);
  await user.jobs.deleteJob({ jobId });
  expect(await failed).toMatchObject({ code: Code.NotFound });
  hold.resolve();
  staging.peers.beforeChunk = () => {};
});

test("OK: chunks by page, and one by its index, can be read by their URL", async () => {
  const user = staging.user();
  const source = staging.peers.addSource(user.who, {});
  const { jobId } = await ended(user, (await createJob(user, source)).jobId);
  const first = await user.jobs.listChunks({ jobId, pageSize: 2 });
  expect(first.chunks.map(({ index }) => index)).toEqual([0, 1]);
  const second = await user.jobs.listChunks({ jobId, pageSize: 2, pageToken: first.nextPageToken });
  expect(second.chunks.map(({ index }) => index)).toEqual([2]);
  expect(second.nextPageToken).toBe("");
  const { chunk } = await user.jobs.getChunk({ jobId, chunkIndex: 2 });
  const [orders] = source.tables;
  if (!orders || !chunk) throw new Error("no chunk");
  const bytes = bytesOf("first", orders, "2");
  expect(chunk).toMatchObject({
    index: 2,
    schemaName: "public",
    tableName: "orders",
    rowCount: 1000n,
    sizeBytes: BigInt(bytes.length),
    sha256: sha256Of(bytes),
    columns: [{ name: "id", nullCount: 0n, min: "1", max: "2" }],
  });
  expect(chunk.url).toMatch(/^\/.+/);
  expect(second.chunks[0]).toMatchObject({ fileId: chunk.fileId, sha256: chunk.sha256 });
  const { file } = await user.files.getFile({ fileId: chunk.fileId });
  expect(file).toMatchObject({ sha256: chunk.sha256, name: "orders-00002.parquet" });
  expect(await codeOf(user.jobs.getChunk({ jobId, chunkIndex: 3 }))).toBe(Code.NotFound);
});

test("FailedPrecondition: there is no manifest before the job has succeeded", async () => {
  const user = staging.user();
  const hold = Promise.withResolvers<void>();
  staging.peers.beforeChunk = () => hold.promise;
  const { jobId } = await createJob(user, staging.peers.addSource(user.who, {}));
  expect(await failureOf(user.jobs.getManifest({ jobId }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "STATE_CONFLICT",
  });
  expect((await user.jobs.listChunks({ jobId })).chunks).toEqual([]);
  expect(await codeOf(user.jobs.getChunk({ jobId, chunkIndex: 0 }))).toBe(Code.NotFound);
  hold.resolve();
  staging.peers.beforeChunk = () => {};
});

test("NotFound: no such job, or another organisation's", async () => {
  const owner = staging.user();
  const { jobId } = await createJob(owner, staging.peers.addSource(owner.who, {}));
  await ended(owner, jobId);
  const stranger = staging.user();
  for (const id of [unknown, jobId]) {
    for (const read of reads) expect(await codeOf(read(stranger, id))).toBe(Code.NotFound);
    for (const name of ["cancelJob", "pauseJob", "resumeJob", "deleteJob"] as const) {
      expect(await codeOf(stranger.jobs[name]({ jobId: id }))).toBe(Code.NotFound);
    }
  }
  expect((await stranger.jobs.listJobs({})).jobs).toEqual([]);
  expect((await stranger.jobs.listJobs({ sourceId: unknown })).jobs).toEqual([]);
});
