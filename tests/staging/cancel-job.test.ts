import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { holdJobs } from "./held-job.ts";
import { createJob, ended, eventually, startStaging, stateOf, storedFiles } from "./staging.ts";

const staging = forFile(startStaging);

const { halfDone } = holdJobs(staging);

const conflict = { code: "FailedPrecondition", reason: "STATE_CONFLICT" };

test("OK: a running job is cancelled, its chunks and its snapshot go, and again it is answered as it is", async () => {
  const { user, jobId } = await halfDone();
  const { job } = await user.jobs.cancelJob({ jobId });
  expect(job).toMatchObject({ state: JobState.CANCELLED, progress: { chunkCount: 0, rowCount: 0n } });
  expect(job?.endTime).toBeDefined();
  expect((await user.jobs.listChunks({ jobId })).chunks).toEqual([]);
  await eventually(() => storedFiles(user)).toEqual([]);
  await eventually(() => staging().peers.snapshots.size).toBe(0);
  expect((await user.jobs.cancelJob({ jobId })).job).toEqual(job);
  expect(await failureOf(user.jobs.pauseJob({ jobId }))).toMatchObject(conflict);
  expect(await failureOf(user.jobs.resumeJob({ jobId }))).toMatchObject(conflict);
  await eventually(
    () => staging().database.sql`select * from staging.uploads where job_id = ${jobId}`,
  ).toEqual([]);
});

test("OK: who watches is told of a change by the database", async () => {
  const { user, jobId } = await halfDone();
  const { promise: told, resolve } = Promise.withResolvers<string>();
  await staging().database.sql.listen("staging.jobs", resolve);
  await user.jobs.cancelJob({ jobId });
  expect(await told).toBe(jobId);
});

test("FailedPrecondition: a job that has succeeded is not cancelled, paused or resumed", async () => {
  const user = staging().user();
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
  await ended(user, jobId);
  for (const name of ["cancelJob", "pauseJob", "resumeJob"] as const) {
    expect(await failureOf(user.jobs[name]({ jobId }))).toMatchObject(conflict);
  }
  expect(await storedFiles(user)).toHaveLength(4);
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

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.cancelJob({ jobId: id });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});

test("PermissionDenied: a viewer", async () => {
  const viewer = staging().user({ roles: ["viewer"] });
  expect(await failureOf(viewer.jobs.cancelJob({ jobId: randomUUID() }))).toEqual(lacking("staging.write"));
});
