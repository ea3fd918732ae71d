import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { failureOf, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { bytesOf, sha256Of } from "./peers.ts";
import { createJob, ended, startStaging } from "./staging.ts";

const staging = forFile(startStaging);

const codeOf = async (call: Promise<unknown>) => (await failureOf(call)).code;

test("OK: chunks by page, and one by its index, can be read by their URL", async () => {
  const user = staging().user();
  const source = staging().peers.addSource(user.who, {});
  const { jobId } = await ended(user, (await createJob(user, source)).jobId);
  const first = await user.jobs.listChunks({ jobId, pageSize: 2 });
  expect(first.chunks.map(({ index }) => index)).toEqual([0, 1]);
  const second = await user.jobs.listChunks({ jobId, pageSize: 2, pageToken: first.nextPageToken });
  expect(second.chunks.map(({ index }) => index)).toEqual([2]);
  expect(second.nextPageToken).toBe("");
  const { chunk } = await user.jobs.getChunk({ jobId, chunkIndex: 2 });
  const [orders] = source.tables;
  if (!orders || !chunk) throw new Error("no chunk");
  const bytes = bytesOf("first", orders, "2");
  expect(chunk).toMatchObject({
    index: 2,
    schemaName: "public",
    tableName: "orders",
    rowCount: 1000n,
    sizeBytes: BigInt(bytes.length),
    sha256: sha256Of(bytes),
    columns: [{ name: "id", nullCount: 0n, min: "1", max: "2" }],
  });
  expect(chunk.url).toMatch(/^\/.+/);
  expect(second.chunks[0]).toMatchObject({ fileId: chunk.fileId, sha256: chunk.sha256 });
  const { file } = await user.files.getFile({ fileId: chunk.fileId });
  expect(file).toMatchObject({ sha256: chunk.sha256, name: "orders-00002.parquet" });
  expect(await codeOf(user.jobs.getChunk({ jobId, chunkIndex: 3 }))).toBe("NotFound");
});

test("NotFound: an unknown job, and another organisation's", async () => {
  const owner = staging().user();
  const { jobId } = await createJob(owner, staging().peers.addSource(owner.who, {}));
  for (const id of [randomUUID(), jobId]) {
    const call = staging().user().jobs.listChunks({ jobId: id });
    expect(await failureOf(call)).toEqual(missing("job", id));
  }
});
