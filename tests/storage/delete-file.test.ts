import { randomUUID } from "node:crypto";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  fileMissing,
  generated,
  lacking,
  mib,
  readSigned,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { stagedFile } from "./release-fixtures.ts";
import { setWindow } from "./trash-fixtures.ts";

const storage = forFile(startStorage);

test("OK: DeleteFile moves the file to the trash, where nobody finds it and it keeps its quota", async () => {
  const who = principal();
  const kept = await upload(storage(), who, { content: "kept" });
  const file = await upload(storage(), who, { content: "removed" });
  const { fileId } = file;
  const files = storage().client(FileService, who);
  const { url } = await files.createSignedUrl({ fileId });
  const { file: trashed } = await files.deleteFile({ fileId });
  expect(trashed).toEqual({
    ...file,
    etag: "2",
    deleteTime: expect.anything(),
    purgeTime: expect.anything(),
  });
  const windowMs =
    timestampMs(trashed?.purgeTime as Timestamp) - timestampMs(trashed?.deleteTime as Timestamp);
  expect(windowMs).toBe(7 * 24 * 60 * 60 * 1000);
  const { objectName } = file;
  const calls = [
    files.getFile({ fileId }),
    files.updateFile({ file: { fileId, name: "b.csv" } }),
    files.moveFile({ fileId, namespace: "default" }),
    files.copyFile({ fileId }),
    files.createSignedUrl({ fileId }),
    files.listFileVersions({ fileId }),
    files.restoreFileVersion({ fileId, version: 1 }),
    files.deleteFileVersion({ fileId, version: 1 }),
    download(storage(), who, { fileId }),
    upload(storage(), who, { fileId }),
  ];
  for (const failure of await Promise.all(calls.map((call) => failureOf(call)))) {
    expect(failure).toEqual(fileMissing(fileId));
  }
  expect(await failureOf(files.findFile({ objectName }))).toEqual(fileMissing(objectName));
  expect(await failureOf(readSigned(storage(), { url }))).toMatchObject({ code: "NotFound" });
  expect((await files.listFiles({ showTotal: true })).totalSize).toBe(1);
  expect((await files.listFiles({})).files).toEqual([kept]);
  expect((await files.listFiles({ delimiter: "/" })).files).toEqual([kept]);
  expect((await files.listFiles({ showDeleted: true })).files).toEqual([trashed]);
  expect((await files.listFiles({ showDeleted: true, delimiter: "/" })).files).toEqual([trashed]);
  expect(await usageOf(storage(), who)).toEqual(usage(11, 2));
});

test("OK: without an undelete window, DeleteFile removes the file and its versions, and gives the bytes back", async () => {
  const who = principal();
  await upload(storage(), who, { content: "kept" });
  const { fileId } = await upload(storage(), who, { content: "removed" });
  await upload(storage(), who, { content: "removed, too", fileId });
  await setWindow(storage(), who, 0);
  const files = storage().client(FileService, who);
  expect((await files.deleteFile({ fileId })).file).toBeUndefined();
  expect(await failureOf(files.undeleteFile({ fileId }))).toEqual(fileMissing(fileId));
  expect((await files.listFiles({ showDeleted: true })).files).toEqual([]);
  expect(await usageOf(storage(), who)).toEqual(usage(4, 1));
});

test("OK: DeleteFile leaves a content that another file shares", async () => {
  const [who, other] = [principal(), principal()];
  const content = generated(1000, 31);
  const { fileId } = await upload(storage(), who, { content });
  const shared = await upload(storage(), other, { content });
  await storage().client(FileService, who).deleteFile({ fileId });
  expect((await download(storage(), other, { fileId: shared.fileId })).bytes.equals(content)).toBe(true);
});

test("OK: DeleteFile while it is downloaded, and even its content collected, does not disturb the download", async () => {
  await using collecting = await startStorage({ graceMs: 0, collectMs: 10 });
  const who = principal();
  await setWindow(collecting, who, 0);
  const content = generated(24 * mib, 32);
  const { fileId, sha256 } = await upload(collecting, who, { content });
  const files = collecting.client(FileService, who);
  const received: Uint8Array[] = [];
  for await (const { data } of files.downloadFile({ fileId })) {
    if (received.length === 0) {
      await files.deleteFile({ fileId });
      const { sql } = collecting.database;
      await expect
        .poll(() => sql`select 1 from storage.blobs where sha256 = ${sha256}`.then((rows) => rows.length))
        .toBe(0);
    }
    received.push(data);
  }
  expect(Buffer.concat(received).equals(content)).toBe(true);
});

test("OK: racing calls of DeleteFile give the bytes back once", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "removed" });
  await upload(storage(), who, { content: "kept" });
  await setWindow(storage(), who, 0);
  const calls = Array.from({ length: 8 }, () => storage().client(FileService, who).deleteFile({ fileId }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await usageOf(storage(), who)).toEqual(usage(4, 1));
});

test("NotFound: DeleteFile of an unknown file, of another organisation's, and twice", async () => {
  const who = principal();
  const foreign = await upload(storage(), principal());
  const own = await upload(storage(), who);
  const files = storage().client(FileService, who);
  await files.deleteFile({ fileId: own.fileId });
  for (const id of [randomUUID(), foreign.fileId, own.fileId]) {
    expect(await failureOf(files.deleteFile({ fileId: id }))).toEqual(fileMissing(id));
  }
});

test("InvalidArgument: DeleteFile of an id that is none", async () => {
  const call = storage().client(FileService, principal()).deleteFile({ fileId: "me" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["file_id"] });
});

test("PermissionDenied: a viewer removes nothing", async () => {
  const call = storage()
    .client(FileService, principal({ roles: ["viewer"] }))
    .deleteFile({ fileId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.files.write"));
});

test("FailedPrecondition: a staged file", async () => {
  const who = principal();
  const { fileId } = await stagedFile(storage(), who, { path: "a/staged" });
  expect(await failureOf(storage().client(FileService, who).deleteFile({ fileId }))).toEqual({
    code: "FailedPrecondition",
    reason: "RESOURCE_IN_USE",
    metadata: { file: fileId },
  });
});
