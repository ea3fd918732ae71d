import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { type Job, JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, eventually, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

test("OK: a watch answers the job now, what changes, and ends with its end", async () => {
  const user = staging().user();
  const hold = Promise.withResolvers<void>();
  staging().peers.beforeChunk = ({ range }) => (range === "2" ? hold.promise : undefined);
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
  const seen: Job[] = [];
  for await (const { job } of user.jobs.watchJob({ jobId })) {
    if (!job) throw new Error("no job");
    seen.push(job);
    if (job.progress?.chunkCount === 2) hold.resolve();
  }
  staging().peers.beforeChunk = () => {};
  expect(seen.at(-1)).toMatchObject({ state: JobState.SUCCEEDED, progress: { chunkCount: 3 } });
  const counts = seen.map(({ progress }) => progress?.chunkCount ?? 0);
  expect(counts).toEqual([...counts].sort());
  expect(counts).toContain(2);
  const after: Job[] = [];
  for await (const { job } of user.jobs.watchJob({ jobId })) if (job) after.push(job);
  expect(after).toMatchObject([{ jobId, state: JobState.SUCCEEDED }]);
});

test("OK: a watch goes on through a pause, and ends NotFound when the job is removed", async () => {
  const user = staging().user();
  const hold = Promise.withResolvers<void>();
  staging().peers.beforeChunk = () => hold.promise;
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
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
  expect(await failed).toMatchObject({ code: "NotFound" });
  hold.resolve();
  staging().peers.beforeChunk = () => {};
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    expect(await failureOf(ended(staging().user(), id))).toEqual(missing("job", id));
  }
});
