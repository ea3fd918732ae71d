import { expect, test } from "vitest";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, startStaging, type User } from "./staging.ts";

const staging = forFile(startStaging);

const unknown = "00000000-0000-7000-8000-000000000001";

const codeOf = async (call: Promise<unknown>) => (await failureOf(call)).code;

/** All methods that read a job by its id. */
const reads = [
  ({ jobs }: User, jobId: string) => jobs.getJob({ jobId }),
  ({ jobs }: User, jobId: string) => jobs.listChunks({ jobId }),
  ({ jobs }: User, jobId: string) => jobs.getChunk({ jobId, chunkIndex: 0 }),
  ({ jobs }: User, jobId: string) => jobs.getManifest({ jobId }),
  ended,
];

test("NotFound: no such job, or another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  await ended(owner, jobId);
  const stranger = staging().user();
  for (const id of [unknown, jobId]) {
    for (const read of reads) expect(await codeOf(read(stranger, id))).toBe("NotFound");
    for (const name of ["cancelJob", "pauseJob", "resumeJob", "deleteJob"] as const) {
      expect(await codeOf(stranger.jobs[name]({ jobId: id }))).toBe("NotFound");
    }
  }
  expect((await stranger.jobs.listJobs({})).jobs).toEqual([]);
  expect((await stranger.jobs.listJobs({ sourceId: unknown })).jobs).toEqual([]);
});

test("OK: the job as it was made", async () => {
  const user = staging().user();
  const source = staging().peers.addSource(user.who, {});
  const { jobId, sourceId, creatorUserId } = await createJob(user, source);
  const { job } = await user.jobs.getJob({ jobId });
  expect(job).toMatchObject({ jobId, sourceId, creatorUserId, tables: ["orders"], chunkRows: 1000n });
});
