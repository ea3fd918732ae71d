import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, fileMissing, lacking, readSigned, startStorage, upload } from "./fixtures.ts";
import { notInTrash, trashedFile } from "./trash-fixtures.ts";

const storage = forFile(startStorage);

test("OK: UndeleteFile takes a file out of the trash, with its versions, and its signed URLs work again", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "one" });
  const file = await upload(storage(), who, { content: "two", fileId });
  const files = storage().client(FileService, who);
  const { url } = await files.createSignedUrl({ fileId });
  await files.deleteFile({ fileId });
  const { file: restored } = await files.undeleteFile({ fileId });
  expect(restored).toEqual({ ...file, etag: "4" });
  expect((await readSigned(storage(), { url })).bytes.toString()).toBe("two");
  expect((await download(storage(), who, { fileId, version: 1 })).bytes.toString()).toBe("one");
  expect((await files.listFiles({})).files).toEqual([restored]);
  expect((await files.listFiles({ showDeleted: true })).files).toEqual([]);
});

test("OK: of a racing UndeleteFile and PurgeFile, one wins", async () => {
  const who = principal();
  const { fileId } = await trashedFile(storage(), who);
  const files = storage().client(FileService, who);
  const outcomes = await Promise.allSettled([files.undeleteFile({ fileId }), files.purgeFile({ fileId })]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("FailedPrecondition: UndeleteFile of a file that is not in the trash", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const call = storage().client(FileService, who).undeleteFile({ fileId });
  expect(await failureOf(call)).toEqual(notInTrash(fileId));
});

test("NotFound: UndeleteFile of an unknown file, and of another organisation's", async () => {
  const foreign = await trashedFile(storage(), principal());
  const files = storage().client(FileService, principal());
  for (const fileId of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(files.undeleteFile({ fileId }))).toEqual(fileMissing(fileId));
  }
});

test("InvalidArgument, PermissionDenied: UndeleteFile", async () => {
  const bad = storage().client(FileService, principal()).undeleteFile({ fileId: "me" });
  expect(await failureOf(bad)).toEqual({ code: "InvalidArgument", fields: ["file_id"] });
  const viewer = principal({ roles: ["viewer"] });
  const call = storage().client(FileService, viewer).undeleteFile({ fileId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.files.write"));
});
