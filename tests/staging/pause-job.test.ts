import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { holdJobs, stateConflict } from "./held-job.ts";
import { createJob, ended, eventually, startStaging, storedFiles } from "./staging.ts";

const staging = forFile(startStaging);

const { halfDone, release } = holdJobs(staging);

test("OK: a paused job holds no snapshot, and starts over where the source can't prove that it is the same", async () => {
  const { user, jobId } = await halfDone();
  const paused = await user.jobs.pauseJob({ jobId });
  expect(paused.job).toMatchObject({ state: JobState.PAUSED, progress: { chunkCount: 2 } });
  expect((await user.jobs.pauseJob({ jobId })).job).toEqual(paused.job);
  await eventually(() => staging().peers.snapshots.size).toBe(0);
  staging().peers.state = "second";
  release();
  const resumed = await user.jobs.resumeJob({ jobId });
  expect(resumed.job?.state).toBe(JobState.QUEUED);
  expect((await user.jobs.resumeJob({ jobId })).job?.state).not.toBe(JobState.PAUSED);
  const job = await ended(user, jobId);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 3000n, chunkCount: 3 } });
  expect((await user.jobs.getManifest({ jobId })).manifest?.snapshot).toBe("second");
  expect(staging().peers.asked.filter((asked) => asked === "chunk 0:0")).toHaveLength(2);
  await eventually(() => storedFiles(user).then(({ length }) => length)).toBe(4);
});

test("FailedPrecondition: a job that has succeeded", async () => {
  const user = staging().user();
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
  await ended(user, jobId);
  expect(await failureOf(user.jobs.pauseJob({ jobId }))).toEqual(stateConflict(jobId, "succeeded"));
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.pauseJob({ jobId: id });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});

test("PermissionDenied: a viewer", async () => {
  const viewer = staging().user({ roles: ["viewer"] });
  expect(await failureOf(viewer.jobs.pauseJob({ jobId: randomUUID() }))).toEqual(lacking("staging.write"));
});
