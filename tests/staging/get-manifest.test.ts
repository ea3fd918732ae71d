import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { createJob, ended, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

const codeOf = async (call: Promise<unknown>) => (await failureOf(call)).code;

test("FailedPrecondition: there is no manifest before the job has succeeded", async () => {
  const user = staging().user();
  const hold = Promise.withResolvers<void>();
  staging().peers.beforeChunk = () => hold.promise;
  const { jobId } = await createJob(user, staging().peers.addSource(user.who, {}));
  expect(await failureOf(user.jobs.getManifest({ jobId }))).toMatchObject({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
  });
  expect((await user.jobs.listChunks({ jobId })).chunks).toEqual([]);
  expect(await codeOf(user.jobs.getChunk({ jobId, chunkIndex: 0 }))).toBe("NotFound");
  hold.resolve();
  staging().peers.beforeChunk = () => {};
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.getManifest({ jobId: id });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});

test("OK: the tables with their files, and the hash and the URL of the stored manifest", async () => {
  const user = staging().user();
  const { jobId, manifestSha256 } = await ended(
    user,
    (await createJob(user, staging().peers.addSource(user.who, {}))).jobId,
  );
  const { manifest, sha256, url } = await user.jobs.getManifest({ jobId });
  expect(manifest).toMatchObject({ jobId, rowCount: 3000n, tables: [{ name: "orders", rowCount: 3000n }] });
  expect(manifest?.tables[0]?.files).toHaveLength(3);
  expect(sha256).toBe(manifestSha256);
  expect(url).toMatch(/^\/.+/);
});
