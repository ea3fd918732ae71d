import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { PackageService } from "../../gen/sluice/staging/v1/packages_pb.ts";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, eventually, startStaging, storedFiles, type User } from "./staging.ts";

const staging = forFile(startStaging);

const packagesOf = ({ who }: User) => staging().service.client(PackageService, who, "approval");
const newJob = (user: User) => createJob(user, staging().peers.addSource(user.who, {}));
const jobOf = async (user: User, jobId: string) => (await user.jobs.getJob({ jobId })).job;

test("OK: a job that is dropped loses its chunks and its manifest, and keeps its row", async () => {
  const user = staging().user();
  const { jobId } = await newJob(user);
  await packagesOf(user).keepJob({ jobId });
  await ended(user, jobId);
  expect(await storedFiles(user)).toHaveLength(4);
  for (const _ of [1, 2]) await packagesOf(user).dropJob({ jobId });
  await eventually(() => storedFiles(user)).toEqual([]);
  expect(await jobOf(user, jobId)).toMatchObject({
    state: JobState.SUCCEEDED,
    expireTime: expect.anything(),
  });
  expect(await failureOf(user.jobs.getManifest({ jobId }))).toMatchObject({ reason: "STATE_CONFLICT" });
});

test("OK: a job that is dropped before its end is cancelled", async () => {
  const user = staging().user();
  const held = Promise.withResolvers<void>();
  staging().peers.beforeChunk = () => held.promise;
  const { jobId } = await newJob(user);
  await packagesOf(user).keepJob({ jobId });
  await packagesOf(user).dropJob({ jobId });
  held.resolve();
  expect(await ended(user, jobId)).toMatchObject({ state: JobState.CANCELLED });
  await eventually(() => storedFiles(user)).toEqual([]);
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const { jobId } = await newJob(staging().user());
  for (const id of [randomUUID(), jobId]) {
    expect(await failureOf(packagesOf(staging().user()).dropJob({ jobId: id }))).toEqual(missing("job", id));
  }
});

test.each(["edge", "orchestration", "storage"])("PermissionDenied: %s", async (process) => {
  const { who } = staging().user();
  const call = staging().service.client(PackageService, who, process).dropJob({ jobId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});
