import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { holdJobs, stateConflict } from "./held-job.ts";
import { createJob, ended, eventually, startStaging, stateOf } from "./staging.ts";

const staging = forFile(startStaging);

const { halfDone, release } = holdJobs(staging);

test("OK: a paused job keeps its chunks where the source is proven to be the same", async () => {
  staging().peers.repeatable = true;
  const { user, jobId } = await halfDone();
  await user.jobs.pauseJob({ jobId });
  await eventually(() => staging().peers.snapshots.size).toBe(0);
  release();
  await user.jobs.resumeJob({ jobId });
  expect(await ended(user, jobId)).toMatchObject({
    state: JobState.SUCCEEDED,
    progress: { rowCount: 3000n },
  });
  expect(staging().peers.asked.filter((asked) => asked === "chunk 0:0")).toHaveLength(1);
  expect(staging().peers.asked.filter((asked) => asked === "plan")).toHaveLength(2);
});

test("OK: a job that was paused before a worker had it waits, and goes on", async () => {
  const user = staging().user();
  const source = staging().peers.addSource(user.who, {});
  const { jobId } = await createJob(user, source);
  await user.jobs.pauseJob({ jobId });
  expect(await stateOf(user, jobId)).toBe(JobState.PAUSED);
  await user.jobs.resumeJob({ jobId });
  expect((await ended(user, jobId)).state).toBe(JobState.SUCCEEDED);
});

test("FailedPrecondition: a job that has succeeded", async () => {
  const user = staging().user();
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
  await ended(user, jobId);
  expect(await failureOf(user.jobs.resumeJob({ jobId }))).toEqual(stateConflict(jobId, "succeeded"));
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.resumeJob({ jobId: id });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});

test("PermissionDenied: a viewer", async () => {
  const viewer = staging().user({ roles: ["viewer"] });
  expect(await failureOf(viewer.jobs.resumeJob({ jobId: randomUUID() }))).toEqual(lacking("staging.write"));
});
