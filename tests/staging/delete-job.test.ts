import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { holdJobs } from "./held-job.ts";
import { createJob, ended, eventually, startStaging, storedFiles } from "./staging.ts";

const staging = forFile(startStaging);

const { halfDone, release } = holdJobs(staging);

test("OK: a job is removed with its chunks, whether it runs or has ended", async () => {
  const { user, jobId, source } = await halfDone();
  await user.jobs.deleteJob({ jobId });
  expect(await failureOf(user.jobs.getJob({ jobId }))).toMatchObject({ code: "NotFound" });
  await eventually(() => storedFiles(user)).toEqual([]);
  await eventually(() => staging().peers.snapshots.size).toBe(0);
  release();
  const other = await createJob(user, source);
  await ended(user, other.jobId);
  expect(await storedFiles(user)).toHaveLength(4);
  await user.jobs.deleteJob({ jobId: other.jobId });
  await eventually(() => storedFiles(user)).toEqual([]);
  expect(await failureOf(user.jobs.deleteJob({ jobId }))).toMatchObject({ code: "NotFound" });
  const left = () => staging().database.sql`
    select job_id from staging.chunks where job_id in (${jobId}, ${other.jobId})
    union all select job_id from staging.uploads where job_id in (${jobId}, ${other.jobId})`;
  await eventually(left).toEqual([]);
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.deleteJob({ jobId: id });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});

test("PermissionDenied: a viewer", async () => {
  const viewer = staging().user({ roles: ["viewer"] });
  expect(await failureOf(viewer.jobs.deleteJob({ jobId: randomUUID() }))).toEqual(lacking("staging.write"));
});
