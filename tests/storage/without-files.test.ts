import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { openLentFolder } from "../../services/orchestration/lent/lent-folder.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  filesIn,
  generated,
  hashOf,
  mib,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { publish, putBlob, releasedFiles, stagedFile } from "./release-fixtures.ts";
import { startS3Server } from "./s3/server.ts";
import { openS3Store } from "./s3/store.ts";

// The service on an object store without paths and links, which shows that it does not depend on the local disk.

const bucket = forFile(startS3Server);
const storage = forFile(() => startStorage({}, () => openS3Store(bucket().url)));

const sharedFolder = (folder: string) => ({ headers: { "x-sluice-shared-folder": folder } });

test.each([
  ["small", 1000],
  ["large", 3 * mib + 1],
  ["empty", 0],
])("OK: a %s file is stored in the bucket alone, and read back whole and in ranges", async (_, size) => {
  const who = principal();
  const content = generated(size, size + 1);
  const { fileId } = await upload(storage(), who, { content });
  expect(
    bucket()
      .objects.get(`sha256/${sha256(content)}`)
      ?.equals(content),
  ).toBe(true);
  const whole = await download(storage(), who, { fileId });
  expect([whole.status, whole.bytes.equals(content)]).toEqual([200, true]);
  if (size > 0) {
    const part = await download(storage(), who, { fileId, range: "bytes=10-499" });
    expect([part.status, part.bytes.equals(content.subarray(10, 500))]).toEqual([206, true]);
  }
  expect(await usageOf(storage(), who)).toEqual(usage(size, 1));
  expect((await filesIn(storage().directory)).filter((path) => !path.startsWith("lent"))).toEqual([]);
  expect([...bucket().objects.keys()].filter((key) => !key.startsWith("sha256/"))).toEqual([]);
});

test("OK: whoever could read the local disk gets the bytes", async () => {
  const who = principal();
  const content = generated(mib, 3);
  const { fileId } = await upload(storage(), who, { content });
  const chunks: Uint8Array[] = [];
  const blobs = storage().client(BlobService, who, "orchestration");
  for await (const { part } of blobs.getBlob({ fileId }, sharedFolder(randomUUID()))) {
    expect(part.case).not.toBe("file");
    if (part.case === "chunk") chunks.push(part.value);
  }
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
  const bodies = await Array.fromAsync(
    storage().client(FileService, who).downloadFile({ fileId }, sharedFolder(randomUUID())),
  );
  expect(Buffer.concat(bodies.map(({ data }) => data)).equals(content)).toBe(true);
});

test("OK: a file that orchestration lends is read into the bucket", async () => {
  const who = principal();
  const content = generated(2 * mib, 4);
  const folder = await openLentFolder(join(storage().directory, "lent"));
  const path = join(storage().directory, "lent", "chunk");
  await writeFile(path, content);
  const extraction = { rowCount: 0, columns: [] };
  await using loan = await folder.lend({
    path,
    sha256: sha256(content),
    sizeBytes: content.length,
    extraction,
  });
  const blobs = storage().client(BlobService, who, "staging");
  const header = { name: "orders.parquet", ownerId: randomUUID() };
  const { fileId } = await blobs.adoptBlob({ header, ...(loan && { file: loan.file }) });
  expect(
    bucket()
      .objects.get(`sha256/${sha256(content)}`)
      ?.equals(content),
  ).toBe(true);
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
});

test("OK: a release is published from the bytes that were approved", async () => {
  const who = principal();
  const content = generated(2 * mib + 3, 5);
  const staged = await stagedFile(storage(), who, { path: "area/part-00000.parquet", content });
  const { files } = await publish(storage(), who, [staged]);
  expect(files.map(({ sha512 }) => sha512)).toEqual([hashOf("sha512", content)]);
  const [released] = await releasedFiles(storage(), who);
  const { bytes } = await download(storage(), who, { fileId: released?.fileId ?? "" });
  expect(bytes.equals(content)).toBe(true);
});

test("DataLoss: damaged bytes do not leave, and another upload of the content heals them", async () => {
  const who = principal();
  const content = generated(600_000, 6);
  const { fileId } = await upload(storage(), who, { content });
  const key = `sha256/${sha256(content)}`;
  bucket().objects.set(key, Buffer.alloc(content.length));
  expect(await failureOf(download(storage(), who, { fileId, range: "bytes=0-9" }))).toMatchObject({
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
  });
  await upload(storage(), who, { content });
  expect(bucket().objects.get(key)?.equals(content)).toBe(true);
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
});

test("OK: what no file uses is collected, and so are uploads that a dead process has finished", async () => {
  await using server = await startS3Server();
  server.objects.set(`tmp/${randomUUID()}`, Buffer.from("of a dead process"));
  server.objects.set(`sha256/${sha256("unknown")}`, Buffer.from("unknown"));
  const limits = { graceMs: 0, collectMs: 20, searchMs: 0 };
  await using collecting = await startStorage(limits, () => openS3Store(server.url));
  const who = principal();
  const { fileId } = await upload(collecting, who, { content: generated(mib, 7) });
  const kept = await putBlob(collecting, who, { content: "kept" });
  await collecting.client(FileService, who).deleteFile({ fileId });
  await expect.poll(() => [...server.objects.keys()]).toEqual([`sha256/${kept.sha256}`]);
});
