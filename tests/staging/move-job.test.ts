import { Code } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf } from "../orchestration/orchestration.ts";
import { createJob, ended, eventually, type Staging, startStaging, stateOf, storedFiles } from "./staging.ts";

let staging: Staging;
beforeAll(async () => {
  staging = await startStaging();
});
afterAll(() => staging[Symbol.asyncDispose]());

let release = () => {};
afterEach(() => {
  release();
  staging.peers.beforeChunk = () => {};
  staging.peers.repeatable = false;
  staging.peers.state = "first";
});

/** A job of three chunks whose third is held until `release`. */
async function halfDone() {
  const { peers } = staging;
  const user = staging.user();
  const hold = Promise.withResolvers<void>();
  release = hold.resolve;
  peers.beforeChunk = ({ range }) => (range === "2" ? hold.promise : undefined);
  const source = peers.addSource(user.who, {});
  peers.asked.length = 0;
  const { jobId } = await createJob(user, source);
  const stored = async () => (await user.jobs.getJob({ jobId })).job?.progress?.chunkCount;
  await eventually(stored).toBe(2);
  return { user, jobId, source };
}

const conflict = { code: Code.FailedPrecondition, reason: "STATE_CONFLICT" };

test("OK: a running job is cancelled, its chunks and its snapshot go, and again it is answered as it is", async () => {
  const { user, jobId } = await halfDone();
  const { job } = await user.jobs.cancelJob({ jobId });
  expect(job).toMatchObject({ state: JobState.CANCELLED, progress: { chunkCount: 0, rowCount: 0n } });
  expect(job?.endTime).toBeDefined();
  expect((await user.jobs.listChunks({ jobId })).chunks).toEqual([]);
  await eventually(() => storedFiles(user)).toEqual([]);
  await eventually(() => staging.peers.snapshots.size).toBe(0);
  expect((await user.jobs.cancelJob({ jobId })).job).toEqual(job);
  expect(await failureOf(user.jobs.pauseJob({ jobId }))).toMatchObject(conflict);
  expect(await failureOf(user.jobs.resumeJob({ jobId }))).toMatchObject(conflict);
  await eventually(() => staging.database.sql`select * from staging.uploads where job_id = ${jobId}`).toEqual(
    [],
  );
});

test("OK: who watches is told of a change by the database", async () => {
  const { user, jobId } = await halfDone();
  const { promise: told, resolve } = Promise.withResolvers<string>();
  await staging.database.sql.listen("staging.jobs", resolve);
  await user.jobs.cancelJob({ jobId });
  expect(await told).toBe(jobId);
});

test("OK: a paused job holds no snapshot, and starts over where the source can't prove that it is the same", async () => {
  const { user, jobId } = await halfDone();
  const paused = await user.jobs.pauseJob({ jobId });
  expect(paused.job).toMatchObject({ state: JobState.PAUSED, progress: { chunkCount: 2 } });
  expect((await user.jobs.pauseJob({ jobId })).job).toEqual(paused.job);
  await eventually(() => staging.peers.snapshots.size).toBe(0);
  staging.peers.state = "second";
  release();
  const resumed = await user.jobs.resumeJob({ jobId });
  expect(resumed.job?.state).toBe(JobState.QUEUED);
  expect((await user.jobs.resumeJob({ jobId })).job?.state).not.toBe(JobState.PAUSED);
  const job = await ended(user, jobId);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 3000n, chunkCount: 3 } });
  expect((await user.jobs.getManifest({ jobId })).manifest?.snapshot).toBe("second");
  expect(staging.peers.asked.filter((asked) => asked === "chunk 0:0")).toHaveLength(2);
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(4);
});

test("OK: a paused job keeps its chunks where the source is proven to be the same", async () => {
  staging.peers.repeatable = true;
  const { user, jobId } = await halfDone();
  await user.jobs.pauseJob({ jobId });
  await eventually(() => staging.peers.snapshots.size).toBe(0);
  release();
  await user.jobs.resumeJob({ jobId });
  expect(await ended(user, jobId)).toMatchObject({
    state: JobState.SUCCEEDED,
    progress: { rowCount: 3000n },
  });
  expect(staging.peers.asked.filter((asked) => asked === "chunk 0:0")).toHaveLength(1);
  expect(staging.peers.asked.filter((asked) => asked === "plan")).toHaveLength(2);
});

test("OK: a job that was paused before a worker had it waits, and goes on", async () => {
  const user = staging.user();
  const source = staging.peers.addSource(user.who, {});
  const { jobId } = await createJob(user, source);
  await user.jobs.pauseJob({ jobId });
  expect(await stateOf(user, jobId)).toBe(JobState.PAUSED);
  await user.jobs.resumeJob({ jobId });
  expect((await ended(user, jobId)).state).toBe(JobState.SUCCEEDED);
});

test("FailedPrecondition: a job that has succeeded is not cancelled, paused or resumed", async () => {
  const user = staging.user();
  const { jobId } = await createJob(user, staging.peers.addSource(user.who, {}));
  await ended(user, jobId);
  for (const name of ["cancelJob", "pauseJob", "resumeJob"] as const) {
    expect(await failureOf(user.jobs[name]({ jobId }))).toMatchObject(conflict);
  }
  expect(await storedFiles(user)).toHaveLength(4);
});

test("OK: a job is removed with its chunks, whether it runs or has ended", async () => {
  const { user, jobId, source } = await halfDone();
  await user.jobs.deleteJob({ jobId });
  expect(await failureOf(user.jobs.getJob({ jobId }))).toMatchObject({ code: Code.NotFound });
  await eventually(() => storedFiles(user)).toEqual([]);
  await eventually(() => staging.peers.snapshots.size).toBe(0);
  release();
  const other = await createJob(user, source);
  await ended(user, other.jobId);
  expect(await storedFiles(user)).toHaveLength(4);
  await user.jobs.deleteJob({ jobId: other.jobId });
  await eventually(() => storedFiles(user)).toEqual([]);
  expect(await failureOf(user.jobs.deleteJob({ jobId }))).toMatchObject({ code: Code.NotFound });
  const left = () => staging.database.sql`
    select job_id from staging.chunks where job_id in (${jobId}, ${other.jobId})
    union all select job_id from staging.uploads where job_id in (${jobId}, ${other.jobId})`;
  await eventually(left).toEqual([]);
});

test("OK: of ten callers who cancel, pause and resume at once, each is answered, and one job ends once", async () => {
  const { user, jobId } = await halfDone();
  const names = ["pauseJob", "resumeJob", "cancelJob"] as const;
  const calls = Array.from({ length: 10 }, (_, index) =>
    user.jobs[names[index % 3] ?? "cancelJob"]({ jobId }),
  );
  for (const { status, ...rest } of await Promise.allSettled(calls)) {
    if (status === "rejected")
      expect(await failureOf(Promise.reject((rest as PromiseRejectedResult).reason))).toMatchObject(conflict);
  }
  expect(await stateOf(user, jobId)).toBe(JobState.CANCELLED);
  await eventually(() => storedFiles(user)).toEqual([]);
});
