import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileCategory, FileKind, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { download, failureOf, fileMissing, lacking, setQuota, upload, usage, usageOf } from "./fixtures.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";
import { stagedFile } from "./release-fixtures.ts";

const scene = forFile(startStorageWithIdentity);
const newOrg = (...names: string[]) => newOrgWith(scene().identity, ...names);

test("OK: CopyFile makes an upload of its own on the same bytes, which outlives the file", async () => {
  const { storage } = scene();
  const who = await newOrg();
  const head = { folder: "a/", kind: FileKind.DATA_SOURCE, tags: ["raw"], properties: { owner: "ada" } };
  const file = await upload(storage, who, { content: "content", ...head });
  const files = storage.client(FileService, who);
  const { file: copy } = await files.copyFile({ fileId: file.fileId, name: "copy.csv" });
  expect(copy).toMatchObject({ ...head, name: "copy.csv", sha256: file.sha256, version: 1, etag: "1" });
  expect(copy?.fileId).not.toBe(file.fileId);
  expect(copy?.objectName).not.toBe(file.objectName);
  expect((await files.copyFile({ fileId: file.fileId, folder: "" })).file).toMatchObject({
    name: file.name,
    folder: "",
  });
  expect(await usageOf(storage, who)).toEqual(usage(21, 3));
  await files.deleteFile({ fileId: file.fileId });
  await files.purgeFile({ fileId: file.fileId });
  expect((await download(storage, who, { fileId: copy?.fileId ?? "" })).bytes.toString()).toBe("content");
});

test("OK: CopyFile copies no bytes, an earlier version, and a staged file as an upload", async () => {
  const { storage } = scene();
  const who = await newOrg();
  const { fileId } = await upload(storage, who, { content: "first" });
  await upload(storage, who, { content: "second", fileId });
  const staged = await stagedFile(storage, who, { path: "staged" });
  const files = storage.client(FileService, who);
  const objects = async () => (await scene().identity.database.sql`select from storage.blobs`).length;
  const before = await objects();
  const { file } = await files.copyFile({ fileId, version: 1 });
  expect((await download(storage, who, { fileId: file?.fileId ?? "" })).bytes.toString()).toBe("first");
  const { file: released } = await files.copyFile({ fileId: staged.fileId });
  expect(released).toMatchObject({ category: FileCategory.UPLOAD, sha256: staged.sha256 });
  expect(await objects()).toBe(before);
});

test("OK: CopyFile needs to read in one namespace, and to write in the other", async () => {
  const { storage } = scene();
  const admin = await newOrg("here", "there");
  const { fileId } = await upload(storage, admin, { namespace: "here" });
  const grants = [
    { namespace: "here", roles: ["viewer"] },
    { namespace: "there", roles: ["editor"] },
  ];
  const files = storage.client(FileService, { ...admin, roles: [], grants });
  expect((await files.copyFile({ fileId, namespace: "there" })).file).toMatchObject({ namespace: "there" });
  expect(await failureOf(files.copyFile({ fileId }))).toEqual(missing("namespace", "here"));
  const stranger = storage.client(FileService, only(admin, "there", "editor"));
  expect(await failureOf(stranger.copyFile({ fileId, namespace: "there" }))).toEqual(fileMissing(fileId));
  expect(
    await failureOf(storage.client(FileService, admin).copyFile({ fileId, namespace: "nowhere" })),
  ).toEqual(missing("namespace", "nowhere"));
});

test("OK: CopyFile with a request id makes one copy", async () => {
  const { storage } = scene();
  const who = await newOrg();
  const { fileId } = await upload(storage, who);
  const request = { fileId, requestId: randomUUID() };
  const files = storage.client(FileService, who);
  const [one, two] = await Promise.all([files.copyFile(request), files.copyFile(request)]);
  expect(one).toEqual(two);
  expect((await files.listFiles({})).files).toHaveLength(2);
  expect(await failureOf(files.copyFile({ ...request, name: "other" }))).toMatchObject({
    reason: "REQUEST_ID_REUSED",
  });
});

test("ResourceExhausted: CopyFile beyond the quota leaves nothing", async () => {
  const { storage } = scene();
  const who = await newOrg();
  const { fileId } = await upload(storage, who, { content: "12345" });
  await setQuota(storage, who, 9);
  const files = storage.client(FileService, who);
  expect(await failureOf(files.copyFile({ fileId }))).toMatchObject({
    code: "ResourceExhausted",
    reason: "QUOTA_EXCEEDED",
  });
  expect(await usageOf(storage, who)).toEqual(usage(5, 1));
});

test("NotFound: CopyFile of an unknown file, of another organisation's, and of a version that is not there", async () => {
  const { storage } = scene();
  const who = await newOrg();
  const foreign = await upload(storage, await newOrg());
  const { fileId } = await upload(storage, who);
  const files = storage.client(FileService, who);
  for (const id of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(files.copyFile({ fileId: id }))).toEqual(fileMissing(id));
  }
  expect(await failureOf(files.copyFile({ fileId, version: 2 }))).toEqual(missing("version", "2"));
});

test("InvalidArgument, PermissionDenied: CopyFile", async () => {
  const { storage } = scene();
  const who = await newOrg();
  const { fileId } = await upload(storage, who);
  for (const [request, field] of [
    [{ fileId: "me" }, "file_id"],
    [{ fileId, version: -1 }, "version"],
    [{ fileId, namespace: "a b" }, "namespace"],
    [{ fileId, name: "a/b" }, "name"],
    [{ fileId, folder: "a" }, "folder"],
    [{ fileId, requestId: "x" }, "request_id"],
  ] as const) {
    expect(await failureOf(storage.client(FileService, who).copyFile(request))).toEqual({
      code: "InvalidArgument",
      fields: [field],
    });
  }
  const viewer = storage.client(FileService, { ...who, roles: ["viewer"] });
  expect(await failureOf(viewer.copyFile({ fileId }))).toEqual(lacking("storage.files.write"));
});
