import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileKind, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, startStorage, upload } from "./fixtures.ts";
import { publish, stagedFile } from "./release-fixtures.ts";

const storage = forFile(startStorage);

const mask = (...paths: string[]) => ({ updateMask: { paths } });

test("OK: UpdateFile changes the fields that are set, and the etag", async () => {
  const who = principal();
  const file = await upload(storage(), who);
  const files = storage().client(FileService, who);
  const { file: changed } = await files.updateFile({
    file: {
      fileId: file.fileId,
      name: "new.txt",
      contentType: "text/plain",
      etag: file.etag,
      sizeBytes: file.sizeBytes,
    },
  });
  expect(changed).toEqual({
    ...file,
    name: "new.txt",
    contentType: "text/plain",
    updateTime: expect.anything(),
    etag: "2",
  });
  expect(changed?.updateTime).not.toEqual(file.updateTime);
  expect((await files.getFile({ fileId: file.fileId })).file).toEqual(changed);
});

test("OK: UpdateFile renames a file into a folder and out of it, and changes kind, tags and properties", async () => {
  const who = principal();
  const { fileId, objectName } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  const update = async (file: object, paths: string[] = []) =>
    (await files.updateFile({ file: { fileId, ...file }, updateMask: { paths } })).file;
  const properties = { owner: "ada" };
  expect(
    await update({ folder: "a/b/", name: "c.csv", kind: FileKind.DATA_SOURCE, tags: ["b", "a"], properties }),
  ).toMatchObject({
    folder: "a/b/",
    name: "c.csv",
    kind: FileKind.DATA_SOURCE,
    tags: ["a", "b"],
    properties,
    objectName,
    version: 1,
  });
  expect(await update({ folder: "" })).toMatchObject({ folder: "", name: "c.csv" });
  expect(await update({}, ["tags", "properties", "kind"])).toMatchObject({
    kind: FileKind.GENERAL,
    tags: [],
    properties: {},
  });
});

test.each([
  [{ folder: "a" }, "file.folder"],
  [{ folder: "/a/" }, "file.folder"],
  [{ folder: "a//b/" }, "file.folder"],
  [{ folder: "a/../b/" }, "file.folder"],
  [{ folder: "./" }, "file.folder"],
  [{ folder: "a\\b/" }, "file.folder"],
  [{ folder: `${"x".repeat(1024)}/` }, "file.folder"],
  [{ kind: 4 as FileKind }, "file.kind"],
  [{ tags: [""] }, "file.tags[0]"],
  [{ tags: ["a", "a"] }, "file.tags"],
  [{ tags: Array.from({ length: 51 }, (_, at) => `${at}`) }, "file.tags"],
  [{ properties: { "a b": "" } }, 'file.properties["a b"]'],
  [{ properties: { a: "x".repeat(1025) } }, 'file.properties["a"]'],
])("InvalidArgument: UpdateFile with %o", async (change, field) => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const call = storage()
    .client(FileService, who)
    .updateFile({ file: { fileId, ...change } });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("InvalidArgument: UpdateFile with another size, and with nothing to change", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  for (const [file, field] of [
    [{ fileId, name: "new.txt", sizeBytes: 99n }, "file.size_bytes"],
    [{ fileId, sizeBytes: 99n }, "file.size_bytes"],
    [{ fileId }, "file"],
  ] as const) {
    expect(await failureOf(files.updateFile({ file }))).toEqual({ code: "InvalidArgument", fields: [field] });
  }
  expect((await files.getFile({ fileId })).file?.etag).toBe("1");
});

test("OK: UpdateFile with a mask changes only the fields of the mask", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const { file } = await storage()
    .client(FileService, who)
    .updateFile({ file: { fileId, name: "new.txt", contentType: "text/plain" }, ...mask("content_type") });
  expect(file).toMatchObject({ name: "data.csv", contentType: "text/plain" });
});

test("Aborted: UpdateFile with an etag of before, and with one that is none", async () => {
  const who = principal();
  const { fileId, etag } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  await files.updateFile({ file: { fileId, name: "first", etag } });
  for (const stale of [etag, "soup"]) {
    expect(await failureOf(files.updateFile({ file: { fileId, name: "second", etag: stale } }))).toEqual({
      code: "Aborted",
      reason: "ETAG_MISMATCH",
      metadata: { file: fileId },
    });
  }
});

test("NotFound: UpdateFile of an unknown file and of another organisation's", async () => {
  const { fileId } = await upload(storage(), principal());
  for (const id of [fileId, randomUUID()]) {
    const call = storage()
      .client(FileService, principal())
      .updateFile({ file: { fileId: id, name: "x" } });
    expect(await failureOf(call)).toEqual(fileMissing(id));
  }
});

const fileId = randomUUID();

test.each([
  ["no file", {}, "file"],
  ["no id", { file: { name: "x" } }, "file"],
  ["an id that is none", { file: { fileId: "me", name: "x" } }, "file.file_id"],
  ["a slash in the name", { file: { fileId, name: "a/b" } }, "file.name"],
  ["a way up as name", { file: { fileId, name: ".." } }, "file.name"],
  ["a line's end in the media type", { file: { fileId, contentType: "a\nb" } }, "file.content_type"],
  ["a name of nothing", { file: { fileId }, ...mask("name") }, "file.name"],
  ["a media type of nothing", { file: { fileId }, ...mask("content_type") }, "file.content_type"],
  ["a path that can't be changed", { file: { fileId }, ...mask("sha256") }, "update_mask"],
  ["an unknown path", { file: { fileId }, ...mask("contentType") }, "update_mask"],
])("InvalidArgument: UpdateFile with %s", async (_title, request, field) => {
  const call = storage().client(FileService, principal()).updateFile(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("PermissionDenied: a viewer", async () => {
  const files = storage().client(FileService, principal({ roles: ["viewer"] }));
  for (const call of [
    () => files.updateFile({ file: { fileId, name: "x" } }),
    () => files.deleteFile({ fileId }),
  ]) {
    expect(await failureOf(call())).toEqual(lacking("storage.files.write"));
  }
});

test("FailedPrecondition: a staged or a released file, which goes with what it was made for", async () => {
  const who = principal();
  const files = storage().client(FileService, who);
  const staged = await stagedFile(storage(), who, { path: "a/staged" });
  const published = await publish(storage(), who, [staged]);
  for (const fileId of [staged.fileId, published.files[0]?.fileId ?? ""]) {
    const inUse = { code: "FailedPrecondition", reason: "RESOURCE_IN_USE", metadata: { file: fileId } };
    const { file } = await files.getFile({ fileId });
    expect(await failureOf(files.deleteFile({ fileId }))).toEqual(inUse);
    for (const etag of ["", "1", "99"]) {
      expect(await failureOf(files.updateFile({ file: { fileId, name: "new", etag } }))).toEqual(inUse);
    }
    expect((await files.getFile({ fileId })).file).toEqual(file);
  }
  const another = storage().client(FileService, principal());
  const { fileId } = staged;
  expect(await failureOf(another.deleteFile({ fileId }))).toEqual(fileMissing(fileId));
  expect(await failureOf(another.updateFile({ file: { fileId, name: "new" } }))).toEqual(fileMissing(fileId));
});
