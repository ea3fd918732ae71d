import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../../services/lib/rpc/principal.ts";
import { openLentFolder } from "../../../services/orchestration/lent/lent-folder.ts";
import { forFile } from "../../lib/for-file.ts";
import { principal } from "../../lib/test-mesh.ts";
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
} from "../fixtures.ts";
import { publish, putBlob, releasedFiles, stagedFile } from "../release-fixtures.ts";
import { type BucketUnderTest, openBucketUnderTest } from "./open-bucket.ts";
import { hasS3, type S3Server, s3Missing, startS3Server } from "./s3-server.ts";

const sharedFolder = (folder: string) => ({ headers: { "x-sluice-shared-folder": folder } });

async function multipartsOf({ client }: S3Server, { bucket }: BucketUnderTest) {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key }) => Key);
}

// The service on a bucket, which has neither paths nor links.
describe.skipIf(!hasS3)(`storage on S3${s3Missing}`, () => {
  const server = forFile(startS3Server);
  const bucket = forFile(() => openBucketUnderTest(server()));
  const storage = forFile(() => startStorage({}, () => bucket().reopen()));

  async function storedBytes({ orgId }: Principal, content: Buffer): Promise<Buffer | undefined> {
    await using object = await bucket().store.get({ orgId, sha256: sha256(content) });
    const chunks = object && (await Array.fromAsync(object.read({ start: 0, end: object.sizeBytes })));
    return chunks && Buffer.concat(chunks);
  }

  test.each([
    ["small", 1000],
    ["large", 12 * mib + 1],
    ["empty", 0],
  ])("OK: a %s file is stored in the bucket alone, and read back whole and in ranges", async (_, size) => {
    const who = principal();
    const content = generated(size, size + 1);
    const { fileId } = await upload(storage(), who, { content });
    expect((await storedBytes(who, content))?.equals(content)).toBe(true);
    const whole = await download(storage(), who, { fileId });
    expect([whole.status, whole.bytes.equals(content)]).toEqual([200, true]);
    if (size > 0) {
      const part = await download(storage(), who, { fileId, range: "bytes=10-499" });
      expect([part.status, part.bytes.equals(content.subarray(10, 500))]).toEqual([206, true]);
    }
    expect(await usageOf(storage(), who)).toEqual(usage(size, 1));
    expect((await filesIn(storage().directory)).filter((path) => !path.startsWith("lent"))).toEqual([]);
    const objectForm = /^below\/[\da-f-]{36}\/[\da-f]{2}\/[\da-f]{2}\/[\da-f]{64}$/;
    expect((await bucket().keys()).filter((path) => !objectForm.test(path))).toEqual([]);
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
    expect((await storedBytes(who, content))?.equals(content)).toBe(true);
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
    await bucket().damage({ ...who, sha256: sha256(content) }, Buffer.alloc(content.length));
    expect(await failureOf(download(storage(), who, { fileId, range: "bytes=0-9" }))).toMatchObject({
      code: "DataLoss",
      reason: "CONTENT_CORRUPT",
    });
    await upload(storage(), who, { content });
    expect((await storedBytes(who, content))?.equals(content)).toBe(true);
    expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
  });

  test("OK: what no file uses is collected, and so are uploads and parts that a dead process has left", async () => {
    await using under = await openBucketUnderTest(server());
    const { store } = under;
    const orgId = randomUUID();
    // Two segments and an open third one, without the process that would finish or give up.
    const dead = await store.startUpload({ orgId, uploadId: randomUUID(), expectedBytes: 0 });
    await dead.write(generated(28 * mib, 8));
    await store.put({ orgId, sha256: sha256("unknown") }, Buffer.from("unknown"), () => true);
    await expect.poll(async () => (await under.keys()).length).toBe(4);
    await expect.poll(() => multipartsOf(server(), under)).toHaveLength(1);
    const limits = { graceMs: 0, collectMs: 20, searchMs: 0 };
    await using collecting = await startStorage(limits, () => under.reopen());
    const who = principal();
    const { fileId } = await upload(collecting, who, { content: generated(12 * mib, 7) });
    const kept = await putBlob(collecting, who, { content: "kept" });
    await collecting.client(FileService, who).deleteFile({ fileId });
    await collecting.client(FileService, who).purgeFile({ fileId });
    await expect.poll(() => under.keys()).toEqual([expect.stringContaining(`${who.orgId}/`)]);
    expect(await under.keys()).toEqual([expect.stringContaining(kept.sha256)]);
    expect(await multipartsOf(server(), under)).toEqual([]);
  });

  test("OK: parts that belong to no upload are ended once they are old", async () => {
    await using under = await openBucketUnderTest(server());
    const target = { Bucket: under.bucket, Key: `below/${randomUUID()}/ab/cd/${sha256("a copy")}` };
    await server().client.send(new CreateMultipartUploadCommand(target));
    await using patient = await under.reopen();
    await patient.deleteRemains(0);
    expect(await multipartsOf(server(), under)).toHaveLength(1);
    await using strict = await under.openAt(server().url, { orphanMs: 0 });
    await strict.deleteRemains(0);
    expect(await multipartsOf(server(), under)).toEqual([]);
  });

  test("OK: what was answered is there after kill -9 of the S3 server, and uploads work again", async () => {
    await using own = await startS3Server();
    await using under = await openBucketUnderTest(own);
    await using service = await startStorage({}, () => under.openAt(own.url, { attemptsMax: 1 }));
    const who = principal();
    const content = generated(6 * mib, 9);
    const { fileId } = await upload(service, who, { content });
    await own.kill();
    const failures = [download(service, who, { fileId }), upload(service, who, { content: "new" })];
    for (const failure of await Promise.all(failures.map(failureOf)))
      expect(failure).toMatchObject({ code: "Unavailable", reason: "UPSTREAM_UNAVAILABLE" });
    await own.start();
    expect((await download(service, who, { fileId })).bytes.equals(content)).toBe(true);
    await upload(service, who, { content: "new" });
    expect(await usageOf(service, who)).toEqual(usage(content.length + 3, 2));
  });
});
