import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  fileMissing,
  lacking,
  setQuota,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);

test("OK: RestoreFileVersion makes the content of an earlier version the next one", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "first", contentType: "text/plain" });
  const second = await upload(storage(), who, { content: "second", fileId });
  const files = storage().client(FileService, who);
  const { file } = await files.restoreFileVersion({ fileId, version: 1, etag: second.etag });
  expect(file).toMatchObject({ version: 3, sizeBytes: 5n, contentType: "text/plain", etag: "3" });
  expect((await download(storage(), who, { fileId })).bytes.toString()).toBe("first");
  expect((await download(storage(), who, { fileId, version: 2 })).bytes.toString()).toBe("second");
  expect(await usageOf(storage(), who)).toEqual(usage(16, 1));
});

test("OK: the type that the content looks like comes back with it; InvalidArgument: the policy has changed since", async () => {
  const who = principal();
  const png = Buffer.from("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489", "hex");
  const { fileId } = await upload(storage(), who, { name: "a.png", contentType: "image/png", content: png });
  await upload(storage(), who, { content: "second", contentType: "text/plain", fileId });
  const files = storage().client(FileService, who);
  const { file } = await files.restoreFileVersion({ fileId, version: 1 });
  expect(file).toMatchObject({ contentType: "image/png", detectedContentType: "image/png" });
  await storage()
    .client(UploadPolicyService, who)
    .setUploadPolicy({ policy: { allowedTypes: ["image/*"], fileBytesMax: 30n } });
  expect(await failureOf(files.restoreFileVersion({ fileId, version: 2 }))).toMatchObject({
    code: "InvalidArgument",
    reason: "UPLOAD_REFUSED",
  });
  expect(await failureOf(files.restoreFileVersion({ fileId, version: 1 }))).toMatchObject({
    reason: "CONTENT_TOO_LARGE",
  });
  expect((await files.getFile({ fileId })).file?.version).toBe(3);
});

test("FailedPrecondition: RestoreFileVersion of the current version, and of a staged file", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  expect(await failureOf(files.restoreFileVersion({ fileId, version: 1 }))).toEqual({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
    metadata: { file: fileId, version: "1" },
  });
  const staged = await putBlob(storage(), who);
  const call = files.restoreFileVersion({ fileId: staged.fileId, version: 1 });
  expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "RESOURCE_IN_USE" });
});

test("Aborted: RestoreFileVersion with the etag of an earlier state", async () => {
  const who = principal();
  const { fileId, etag } = await upload(storage(), who);
  await upload(storage(), who, { content: "second", fileId });
  const call = storage().client(FileService, who).restoreFileVersion({ fileId, version: 1, etag });
  expect(await failureOf(call)).toMatchObject({ code: "Aborted", reason: "ETAG_MISMATCH" });
});

test("ResourceExhausted: RestoreFileVersion beyond the quota changes nothing", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "first" });
  const second = await upload(storage(), who, { content: "second", fileId });
  await setQuota(storage(), who, 15);
  const files = storage().client(FileService, who);
  const call = files.restoreFileVersion({ fileId, version: 1 });
  expect(await failureOf(call)).toMatchObject({ code: "ResourceExhausted", reason: "QUOTA_EXCEEDED" });
  expect((await files.getFile({ fileId })).file).toEqual(second);
  expect(await usageOf(storage(), who)).toEqual(usage(11, 1));
});

test("NotFound: RestoreFileVersion of an unknown file, of another organisation's, and of an unknown version", async () => {
  const who = principal();
  const foreign = await upload(storage(), principal());
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  for (const id of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(files.restoreFileVersion({ fileId: id, version: 1 }))).toEqual(fileMissing(id));
  }
  expect(await failureOf(files.restoreFileVersion({ fileId, version: 9 }))).toEqual(missing("version", "9"));
});

test("InvalidArgument, PermissionDenied: RestoreFileVersion", async () => {
  const fileId = randomUUID();
  const files = storage().client(FileService, principal());
  expect(await failureOf(files.restoreFileVersion({ fileId, version: 0 }))).toMatchObject({
    fields: ["version"],
  });
  const viewer = storage().client(FileService, principal({ roles: ["viewer"] }));
  expect(await failureOf(viewer.restoreFileVersion({ fileId, version: 1 }))).toEqual(
    lacking("storage.files.write"),
  );
});
