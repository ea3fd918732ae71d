import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

test("OK: one chunk, as the list has it", async () => {
  const user = staging().user();
  const { jobId } = await ended(user, (await createJob(user, staging().peers.addSource(user.who, {}))).jobId);
  const { chunks } = await user.jobs.listChunks({ jobId });
  const { chunk } = await user.jobs.getChunk({ jobId, chunkIndex: 1 });
  expect({ ...chunk, url: "" }).toEqual({ ...chunks[1], url: "" });
  expect(chunk?.url).toMatch(/^\/.+/);
});

test("NotFound: a chunk that the job does not have", async () => {
  const user = staging().user();
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
  await ended(user, jobId);
  expect(await failureOf(user.jobs.getChunk({ jobId, chunkIndex: 3 }))).toMatchObject({ code: "NotFound" });
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.getChunk({ jobId: id, chunkIndex: 0 });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});
