import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { chunkPart, generated, headerPart, mib, upload } from "./fixtures.ts";
import { spawnStorage } from "./storage-process.ts";

/** Maximum growth of memory by one transfer of any size, in bytes: twice the usual growth, and far less than the transfer. */
const growthMax = 160 * mib;

/** Maximum growth of memory by each of many concurrent uploads, in bytes. Most of it is uncollected garbage. */
const uploadGrowthMax = 32 * mib;

const database = forFile(createTestDatabase);
const folder = forFile(temporaryFolder);
const storage = forFile(() => spawnStorage(database(), folder().path));
beforeAll(async () => {
  await upload(storage(), principal(), { content: generated(4 * mib) });
});

async function growthOf(work: () => Promise<void>): Promise<number> {
  const before = await storage().peakMemoryBytes();
  await work();
  return (await storage().peakMemoryBytes()) - before;
}

/** An upload of this many distinct mebibytes. */
async function* stream(mebibytes: number, name: string) {
  yield headerPart({ name });
  const chunk = generated(mib);
  for (let index = 0; index < mebibytes; index += 1) {
    chunk.writeUInt32BE(index);
    yield chunkPart(chunk);
  }
}

test("OK: 512 MiB go in and out within bounded memory", async () => {
  const who = principal();
  const files = storage().client(FileService, who);
  let fileId = "";
  const growth = await growthOf(async () => {
    const { file } = await files.uploadFile(stream(512, "large"));
    const hash = createHash("sha256");
    for await (const { data } of files.downloadFile({ fileId: file?.fileId ?? "" })) hash.update(data);
    expect(hash.digest("hex")).toBe(file?.sha256);
    fileId = file?.fileId ?? "";
  });
  expect(growth).toBeLessThan(growthMax);

  // The server does not read ahead for a stalled reader, so it reads far less than the content.
  const before = await storage().readBytes();
  const stalled = new AbortController();
  const answers = files.downloadFile({ fileId }, { signal: stalled.signal })[Symbol.asyncIterator]();
  await answers.next();
  for (let call = 0; call < 50; call += 1) await files.getFile({ fileId });
  expect((await storage().readBytes()) - before).toBeLessThan(64 * mib);
  stalled.abort();
}, 120_000);

test("OK: sixteen uploads at once take memory by their number, not by their size", async () => {
  const files = storage().client(FileService, principal());
  const uploads = 16;
  const mebibytes = (2 * uploadGrowthMax) / mib;
  const growth = await growthOf(async () => {
    await Promise.all(
      Array.from({ length: uploads }, (_, index) => files.uploadFile(stream(mebibytes, `part ${index}`))),
    );
  });
  expect(growth).toBeLessThan(uploads * uploadGrowthMax);
}, 120_000);
