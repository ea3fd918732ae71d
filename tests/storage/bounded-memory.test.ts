import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { chunkPart, generated, headerPart, mib, upload } from "./fixtures.ts";
import { type StorageProcess, spawnStorage } from "./storage-process.ts";

/**
 * How much more memory the process may take for one transfer, however large, in bytes: twice of what it takes, and far
 * less than what is transferred.
 */
const growthMax = 160 * mib;

/** How much more each of many uploads at once may take: what the heap has not collected yet is most of it. */
const uploadGrowthMax = 32 * mib;

let database: TestDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let storage: StorageProcess;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await temporaryFolder();
  storage = await spawnStorage(database, folder.path);
  await upload(storage, principal(), { content: generated(4 * mib) });
});
afterAll(async () => {
  await storage[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function growthOf(work: () => Promise<void>): Promise<number> {
  const before = await storage.peakMemoryBytes();
  await work();
  return (await storage.peakMemoryBytes()) - before;
}

/** As many mebibytes, no two alike. */
async function* stream(mebibytes: number, name: string) {
  yield headerPart({ name });
  const piece = generated(mib);
  for (let index = 0; index < mebibytes; index += 1) {
    piece.writeUInt32BE(index);
    yield chunkPart(piece);
  }
}

test("OK: 512 MiB go in and out within bounded memory", async () => {
  const who = principal();
  const files = storage.client(FileService, who);
  let fileId = "";
  const growth = await growthOf(async () => {
    const { file } = await files.uploadFile(stream(512, "large"));
    const hash = createHash("sha256");
    for await (const { data } of files.downloadFile({ fileId: file?.fileId ?? "" })) hash.update(data);
    expect(hash.digest("hex")).toBe(file?.sha256);
    fileId = file?.fileId ?? "";
  });
  expect(growth).toBeLessThan(growthMax);

  // A reader that stands still is not read ahead for: what the server has read then stays far below the content.
  const before = await storage.readBytes();
  const stalled = new AbortController();
  const answers = files.downloadFile({ fileId }, { signal: stalled.signal })[Symbol.asyncIterator]();
  await answers.next();
  for (let call = 0; call < 50; call += 1) await files.getFile({ fileId });
  expect((await storage.readBytes()) - before).toBeLessThan(64 * mib);
  stalled.abort();
}, 120_000);

test("OK: sixteen uploads at once take memory by their number, not by their size", async () => {
  const files = storage.client(FileService, principal());
  const uploads = 16;
  const mebibytes = (2 * uploadGrowthMax) / mib;
  const growth = await growthOf(async () => {
    await Promise.all(
      Array.from({ length: uploads }, (_, index) => files.uploadFile(stream(mebibytes, `part ${index}`))),
    );
  });
  expect(growth).toBeLessThan(uploads * uploadGrowthMax);
}, 120_000);
