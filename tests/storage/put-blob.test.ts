import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  download,
  generated,
  mib,
  putBlob,
  type Storage,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test("OK: what was put is a staged file, counts and can be read", async () => {
  const who = principal();
  const content = generated(2 * mib + 5);
  const blob = await putBlob(storage, who, { name: "part-00000.parquet", content });
  expect(blob).toEqual({
    $typeName: "sluice.storage.v1.PutBlobResponse",
    fileId: expect.any(String),
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
  });
  const { fileId } = blob;
  const { file } = await storage.client(FileService, who).getFile({ fileId });
  expect(file).toEqual({
    $typeName: "sluice.storage.v1.File",
    fileId,
    name: "part-00000.parquet",
    contentType: "application/vnd.apache.parquet",
    sizeBytes: BigInt(content.length),
    sha256: sha256(content),
    creatorUserId: who.userId,
    createTime: expect.anything(),
    updateTime: file?.createTime,
    etag: "1",
    category: FileCategory.STAGING,
    path: "",
  });
  expect((await download(storage, who, { fileId })).bytes.equals(content)).toBe(true);
  expect(await usageOf(storage, who)).toEqual(usage(content.length, 1));
});

test("OK: removes an owner's files but for those to keep, and gives their bytes back", async () => {
  const who = principal();
  const ownerId = randomUUID();
  const put = (content: string, owner = ownerId) => putBlob(storage, who, { ownerId: owner, content });
  const kept = await put("kept");
  await put("gone");
  await put("gone, too");
  const others = await put("another owner's", randomUUID());
  const uploaded = await upload(storage, who, { content: "an upload" });
  const { deleteBlobs } = storage.client(BlobService, who, "staging");
  expect((await deleteBlobs({ ownerId, keepFileIds: [kept.fileId] })).fileCount).toBe(2);
  const { files } = await storage.client(FileService, who).listFiles({});
  expect(files.map(({ fileId }) => fileId)).toEqual([kept.fileId, others.fileId, uploaded.fileId]);
  expect(await usageOf(storage, who)).toEqual(usage(4 + 15 + 9, 3));
  expect((await deleteBlobs({ ownerId })).fileCount).toBe(1);
  expect((await deleteBlobs({ ownerId })).fileCount).toBe(0);
});
