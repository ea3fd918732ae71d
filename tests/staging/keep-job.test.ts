import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { PackageService } from "../../gen/sluice/staging/v1/packages_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, startStaging, storedFiles, type User } from "./staging.ts";

const staging = forFile(startStaging);

const packagesOf = ({ who }: User) => staging().service.client(PackageService, who, "approval");
const newJob = (user: User) => createJob(user, staging().peers.addSource(user.who, {}));
const jobOf = async (user: User, jobId: string) => (await user.jobs.getJob({ jobId })).job;

test("OK: a job that is kept while it runs or afterwards has no time at which it expires", async () => {
  const user = staging().user();
  const { jobId } = await newJob(user);
  await packagesOf(user).keepJob({ jobId });
  const kept = await ended(user, jobId);
  expect([kept.state, kept.expireTime]).toEqual([JobState.SUCCEEDED, undefined]);
  const { jobId: later } = await newJob(user);
  expect((await ended(user, later)).expireTime).toBeDefined();
  for (const _ of [1, 2]) await packagesOf(user).keepJob({ jobId: later });
  expect((await jobOf(user, later))?.expireTime).toBeUndefined();
});

test("FailedPrecondition: a job that has expired is not kept", async () => {
  const user = staging().user();
  const { jobId } = await newJob(user);
  await ended(user, jobId);
  await packagesOf(user).dropJob({ jobId });
  expect(await failureOf(packagesOf(user).keepJob({ jobId }))).toEqual({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
    metadata: { job: jobId },
  });
});

test("NotFound: an unknown job, and another organisation's, which stays", async () => {
  const user = staging().user();
  const { jobId } = await newJob(user);
  await ended(user, jobId);
  const stranger = packagesOf(staging().user());
  for (const id of [randomUUID(), jobId]) {
    expect(await failureOf(stranger.keepJob({ jobId: id }))).toEqual(missing("job", id));
    expect(await failureOf(stranger.dropJob({ jobId: id }))).toEqual(missing("job", id));
  }
  expect(await storedFiles(user)).toHaveLength(4);
});

test.each(["edge", "orchestration", "storage"])("PermissionDenied: %s", async (process) => {
  const { who } = staging().user();
  const call = staging().service.client(PackageService, who, process).keepJob({ jobId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});
