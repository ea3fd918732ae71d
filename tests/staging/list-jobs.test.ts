import { expect, test } from "vitest";
import { type Job, JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { failureOf, lacking } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

test("OK: jobs are listed newest first, by page, state and source", async () => {
  const user = staging().user();
  const one = staging().peers.addSource(user.who, {});
  const two = staging().peers.addSource(user.who, {});
  const made: Job[] = [];
  for (const source of [one, two, one]) made.push(await createJob(user, source));
  await Promise.all(made.map(({ jobId }) => ended(user, jobId)));
  const ids = made.map(({ jobId }) => jobId).reverse();
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
    code: "InvalidArgument",
    reason: "PAGE_TOKEN_INVALID",
  });
});

test("PermissionDenied: a user without a role", async () => {
  const call = staging().user({ roles: [] }).jobs.listJobs({});
  expect(await failureOf(call)).toEqual(lacking("staging.read"));
});
