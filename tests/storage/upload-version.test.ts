import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileKind, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  chunkPart,
  download,
  failureOf,
  fileMissing,
  generated,
  kib,
  openUpload,
  readSigned,
  setQuota,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);

test.each([
  ["small", 1000],
  ["large", 700 * kib],
])(
  "OK: a %s content with file_id is the next version, and the earlier one stays",
  async (_size, sizeBytes) => {
    const who = principal();
    const [one, two] = [generated(sizeBytes, 71), generated(sizeBytes, 72)];
    const first = await upload(storage(), who, { content: one, tags: ["kept"] });
    const { fileId } = first;
    const files = storage().client(FileService, who);
    const { url } = await files.createSignedUrl({ fileId });
    const second = await upload(storage(), who, {
      content: two,
      fileId,
      etag: "1",
      contentType: "text/plain",
    });
    expect(second).toMatchObject({
      fileId,
      name: first.name,
      objectName: first.objectName,
      tags: ["kept"],
      contentType: "text/plain",
      createTime: first.createTime,
      version: 2,
      etag: "2",
    });
    expect(second.contentTime).not.toEqual(first.contentTime);
    expect((await files.getFile({ fileId })).file).toEqual(second);
    expect((await readSigned(storage(), { url })).bytes.equals(two)).toBe(true);
    expect((await download(storage(), who, { fileId, version: 1 })).bytes.equals(one)).toBe(true);
    expect((await download(storage(), who, { fileId, version: 2 })).bytes.equals(two)).toBe(true);
    expect(await usageOf(storage(), who)).toEqual(usage(2 * sizeBytes, 1));
  },
);

test("OK: a new version ends the lease of the one before, which is not there for readers any more", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const blobs = storage().client(BlobService, undefined, "edge");
  const confirm = async (revision: number) =>
    (await blobs.confirmLeases({ leases: [`${who.orgId}/${fileId}/${revision}`] })).areValid;
  expect(await confirm(1)).toEqual([true]);
  await upload(storage(), who, { content: "second", fileId });
  expect([await confirm(1), await confirm(2)]).toEqual([[false], [true]]);
  await storage().client(FileService, who).deleteFile({ fileId });
  expect([await confirm(2), await confirm(3)]).toEqual([[false], [false]]);
});

test("OK: versions that are uploaded at once have numbers of their own, and none is lost", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "0" });
  const sizes = [1, 2, 300 * kib, 4, 5, 300 * kib + 1];
  await Promise.all(sizes.map((size) => upload(storage(), who, { content: generated(size), fileId })));
  const { versions } = await storage().client(FileService, who).listFileVersions({ fileId });
  expect(versions.map(({ version }) => version)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  const stored = versions.map(({ sizeBytes }) => Number(sizeBytes)).sort((a, b) => a - b);
  expect(stored).toEqual([1, ...sizes].sort((a, b) => a - b));
  expect(await usageOf(storage(), who)).toEqual(usage(1 + sizes.reduce((sum, size) => sum + size, 0), 1));
});

test("OK: a repeated upload of a version answers the same file, though its etag has changed", async () => {
  const who = principal();
  const { fileId, etag } = await upload(storage(), who);
  const header = { content: "second", fileId, etag, requestId: randomUUID() };
  const once = await upload(storage(), who, header);
  expect(await upload(storage(), who, header)).toEqual(once);
  expect((await storage().client(FileService, who).getFile({ fileId })).file?.version).toBe(2);
});

test("Aborted: a version for another state of the file, before its bytes or after them", async () => {
  const who = principal();
  const { fileId, etag } = await upload(storage(), who);
  const slow = openUpload(storage(), who, { fileId, etag });
  slow.send(chunkPart(generated(300 * kib)));
  const reserved = () => storage().database.sql`select from storage.reservations where org_id = ${who.orgId}`;
  await expect.poll(async () => (await reserved()).length).toBe(1);
  const second = await upload(storage(), who, { content: "second", fileId, etag });
  slow.end();
  expect(await failureOf(slow.answer)).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
  const late = upload(storage(), who, { content: "third", fileId, etag });
  expect(await failureOf(late)).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
  expect((await storage().client(FileService, who).getFile({ fileId })).file).toEqual(second);
  expect(await usageOf(storage(), who)).toEqual(usage(18, 1));
});

test("ResourceExhausted: a version beyond the quota, which counts all versions", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "12345" });
  await setQuota(storage(), who, 9);
  for (const size of [5, 400 * kib]) {
    expect(await failureOf(upload(storage(), who, { content: generated(size), fileId }))).toMatchObject({
      code: "ResourceExhausted",
      reason: "QUOTA_EXCEEDED",
    });
  }
  expect(await usageOf(storage(), who)).toEqual(usage(5, 1));
});

test("NotFound, FailedPrecondition: a version of a file that is not there, or is no upload", async () => {
  const who = principal();
  const foreign = await upload(storage(), principal());
  for (const fileId of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(upload(storage(), who, { fileId }))).toEqual(fileMissing(fileId));
  }
  const { fileId } = await putBlob(storage(), who);
  expect(await failureOf(upload(storage(), who, { fileId }))).toMatchObject({
    code: "FailedPrecondition",
    reason: "RESOURCE_IN_USE",
  });
});

test.each([
  [{ namespace: "default" }, "header.namespace"],
  [{ folder: "a/" }, "header.folder"],
  [{ kind: FileKind.GENERAL }, "header.kind"],
  [{ tags: ["a"] }, "header.tags"],
  [{ properties: { a: "b" } }, "header.properties"],
])("InvalidArgument: a version with %o", async (header, field) => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  expect(await failureOf(upload(storage(), who, { fileId, ...header }))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test.each([
  [{ etag: "1" }, "header.etag"],
  [{ name: "" }, "header.name"],
  [{ folder: "a" }, "header.folder"],
])("InvalidArgument: a new file with %o", async (header, field) => {
  expect(await failureOf(upload(storage(), principal(), header))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("NotFound: a download of a version that is not there", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  expect(await failureOf(download(storage(), who, { fileId, version: 2 }))).toMatchObject({
    code: "NotFound",
    metadata: { version: "2" },
  });
});
