import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BlobService, type DeleteBlobsRequestSchema } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { blobPath, failureOf, filesIn, sha256, startStorage, upload, usage, usageOf } from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);

const deleteBlobs = (
  who: Principal,
  request: MessageInitShape<typeof DeleteBlobsRequestSchema>,
  process = "staging",
) => storage().client(BlobService, who, process).deleteBlobs(request);

const invalid = (...fields: string[]) => ({ code: "InvalidArgument", fields });

test("OK: removes an owner's files but for those to keep, and gives their bytes back", async () => {
  const who = principal();
  const ownerId = randomUUID();
  const add = (content: string, owner = ownerId) => putBlob(storage(), who, { ownerId: owner, content });
  const kept = await add("kept");
  await add("gone");
  await add("gone, too");
  const others = await add("another owner's", randomUUID());
  const uploaded = await upload(storage(), who, { content: "an upload" });
  expect(await deleteBlobs(who, { ownerId, keepFileIds: [kept.fileId] })).toMatchObject({ fileCount: 2 });
  const listed = async (category: FileCategory) => {
    const { files } = await storage().client(FileService, who).listFiles({ category });
    return files.map(({ fileId }) => fileId);
  };
  expect(await listed(FileCategory.STAGING)).toEqual([others.fileId, kept.fileId]);
  expect(await listed(FileCategory.UPLOAD)).toEqual([uploaded.fileId]);
  expect(await usageOf(storage(), who)).toEqual(usage(4 + 15 + 9, 3));
  expect(await deleteBlobs(who, { ownerId })).toMatchObject({ fileCount: 1 });
  expect(await deleteBlobs(who, { ownerId })).toMatchObject({ fileCount: 0 });
});

test("OK: what was removed leaves the disk, unless another file has the same content", async () => {
  await using tidy = await startStorage({ graceMs: 0, collectMs: 20 });
  const who = principal();
  const ownerId = randomUUID();
  await putBlob(tidy, who, { ownerId, content: "alone" });
  await putBlob(tidy, who, { ownerId, content: "shared" });
  await upload(tidy, who, { content: "shared" });
  await tidy.client(BlobService, who, "staging").deleteBlobs({ ownerId });
  await expect.poll(() => filesIn(tidy.directory)).toEqual([blobPath(who, sha256("shared"))]);
});

test("OK: racing removals of one owner count each file once", async () => {
  const who = principal();
  const ownerId = randomUUID();
  const contents = Array.from({ length: 8 }, (_, index) => `racing ${index}`);
  await Promise.all(contents.map((content) => putBlob(storage(), who, { ownerId, content })));
  const answers = await Promise.all(Array.from({ length: 8 }, () => deleteBlobs(who, { ownerId })));
  expect(answers.reduce((sum, { fileCount }) => sum + fileCount, 0)).toBe(contents.length);
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("OK: another organisation's owner of the same id has nothing to remove, and loses nothing", async () => {
  const who = principal();
  const ownerId = randomUUID();
  await putBlob(storage(), who, { ownerId, content: "mine" });
  expect(await deleteBlobs(principal(), { ownerId })).toMatchObject({ fileCount: 0 });
  expect(await usageOf(storage(), who)).toEqual(usage(4, 1));
});

test("InvalidArgument: an owner or a file to keep that is no id, and too many to keep", async () => {
  const ownerId = randomUUID();
  const refused = async (request: { ownerId: string; keepFileIds?: string[] }) =>
    failureOf(deleteBlobs(principal(), request));
  expect(await refused({ ownerId: "me" })).toEqual(invalid("owner_id"));
  expect(await refused({ ownerId, keepFileIds: [ownerId, "},{"] })).toEqual(invalid("keep_file_ids[1]"));
  const many = Array.from({ length: 100_000 }, () => ownerId);
  expect(await deleteBlobs(principal(), { ownerId, keepFileIds: many })).toMatchObject({ fileCount: 0 });
  expect(await refused({ ownerId, keepFileIds: [...many, ownerId] })).toEqual(invalid("keep_file_ids"));
});

test.each(["edge", "orchestration", "approval", "storage"])("PermissionDenied: %s", async (process) => {
  const call = deleteBlobs(principal(), { ownerId: randomUUID() }, process);
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied", reason: "PERMISSION_MISSING" });
});
