import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, sha256, startStorage, upload } from "./fixtures.ts";
import { putBlob } from "./release-fixtures.ts";

const storage = forFile(startStorage);

test("OK: ListFileVersions answers the current version and the earlier ones, with who stored them", async () => {
  const who = principal();
  const colleague = { ...principal(), orgId: who.orgId };
  const first = await upload(storage(), who, { content: "first" });
  const { fileId } = first;
  const second = await upload(storage(), colleague, { content: "second", fileId, contentType: "text/plain" });
  const files = storage().client(FileService, who);
  const { versions } = await files.listFileVersions({ fileId });
  expect(versions).toEqual([
    {
      $typeName: "sluice.storage.v1.FileVersion",
      version: 2,
      sizeBytes: 6n,
      sha256: sha256("second"),
      contentType: "text/plain",
      creatorUserId: colleague.userId,
      createTime: second.contentTime,
      isCurrent: true,
    },
    {
      $typeName: "sluice.storage.v1.FileVersion",
      version: 1,
      sizeBytes: 5n,
      sha256: sha256("first"),
      contentType: "text/csv",
      creatorUserId: who.userId,
      createTime: first.createTime,
      isCurrent: false,
    },
  ]);
  const numbers = async (request: object) =>
    (await files.listFileVersions({ fileId, ...request })).versions.map(({ version }) => version);
  expect(await numbers({ orderBy: "version" })).toEqual([1, 2]);
  expect(await numbers({ filter: "size_bytes > 5" })).toEqual([2]);
  expect(await numbers({ filter: `creator_user_id = ${who.userId}` })).toEqual([1]);
});

test("OK: ListFileVersions of a staged file has its only version", async () => {
  const who = principal();
  const { fileId } = await putBlob(storage(), who);
  const { versions } = await storage().client(FileService, who).listFileVersions({ fileId, showTotal: true });
  expect(versions.map(({ version, isCurrent }) => [version, isCurrent])).toEqual([[1, true]]);
});

test("NotFound: ListFileVersions of an unknown file, and of another organisation's", async () => {
  const foreign = await upload(storage(), principal());
  const files = storage().client(FileService, principal());
  for (const fileId of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(files.listFileVersions({ fileId }))).toEqual(fileMissing(fileId));
  }
});

test("InvalidArgument, PermissionDenied: ListFileVersions", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  expect(await failureOf(files.listFileVersions({ fileId: "me" }))).toMatchObject({ fields: ["file_id"] });
  expect(await failureOf(files.listFileVersions({ fileId, pageSize: -1 }))).toMatchObject({
    fields: ["page_size"],
  });
  expect(await failureOf(files.listFileVersions({ fileId, filter: "name = a" }))).toMatchObject({
    reason: "FILTER_INVALID",
  });
  expect(await failureOf(files.listFileVersions({ fileId, pageToken: "soup" }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
  const nobody = storage().client(FileService, { ...who, roles: [] });
  expect(await failureOf(nobody.listFileVersions({ fileId }))).toEqual(lacking("storage.files.read"));
});
