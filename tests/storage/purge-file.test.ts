import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, startStorage, upload, usage, usageOf } from "./fixtures.ts";
import { notInTrash, trashedFile } from "./trash-fixtures.ts";

const storage = forFile(startStorage);

test("OK: PurgeFile removes a file in the trash with its versions, and gives their bytes back", async () => {
  const who = principal();
  await upload(storage(), who, { content: "kept" });
  const { fileId } = await upload(storage(), who, { content: "one" });
  await upload(storage(), who, { content: "second", fileId });
  const files = storage().client(FileService, who);
  await files.deleteFile({ fileId });
  expect(await usageOf(storage(), who)).toEqual(usage(13, 2));
  await files.purgeFile({ fileId });
  expect(await usageOf(storage(), who)).toEqual(usage(4, 1));
  expect((await files.listFiles({ showDeleted: true })).files).toEqual([]);
  expect(await failureOf(files.purgeFile({ fileId }))).toEqual(fileMissing(fileId));
  expect(await failureOf(files.undeleteFile({ fileId }))).toEqual(fileMissing(fileId));
});

test("FailedPrecondition: PurgeFile of a file that is not in the trash", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  expect(await failureOf(files.purgeFile({ fileId }))).toEqual(notInTrash(fileId));
  expect((await files.getFile({ fileId })).file?.fileId).toBe(fileId);
});

test("NotFound: PurgeFile of an unknown file, and of another organisation's", async () => {
  const foreign = await trashedFile(storage(), principal());
  const files = storage().client(FileService, principal());
  for (const fileId of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(files.purgeFile({ fileId }))).toEqual(fileMissing(fileId));
  }
});

test("InvalidArgument, PermissionDenied: PurgeFile, which editors may not", async () => {
  const bad = storage().client(FileService, principal()).purgeFile({ fileId: "me" });
  expect(await failureOf(bad)).toEqual({ code: "InvalidArgument", fields: ["file_id"] });
  const editor = principal({ roles: ["editor"] });
  const call = storage().client(FileService, editor).purgeFile({ fileId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.files.purge"));
});
