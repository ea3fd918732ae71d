import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  download,
  failureOf,
  fileMissing,
  lacking,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";

const storage = forFile(startStorage);

test("OK: DeleteFileVersion removes an earlier version and gives its bytes back, once", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "first" });
  await upload(storage(), who, { content: "second", fileId });
  const files = storage().client(FileService, who);
  const calls = Array.from({ length: 4 }, () => files.deleteFileVersion({ fileId, version: 1 }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await usageOf(storage(), who)).toEqual(usage(6, 1));
  expect(await failureOf(download(storage(), who, { fileId, version: 1 }))).toEqual(missing("version", "1"));
  expect((await upload(storage(), who, { content: "third", fileId })).version).toBe(3);
});

test("FailedPrecondition: DeleteFileVersion of the current version", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const call = storage().client(FileService, who).deleteFileVersion({ fileId, version: 1 });
  expect(await failureOf(call)).toEqual({
    code: "FailedPrecondition",
    reason: "STATE_CONFLICT",
    metadata: { file: fileId, version: "1" },
  });
});

test("NotFound: DeleteFileVersion of an unknown file, of another organisation's, and of an unknown version", async () => {
  const who = principal();
  const foreign = await upload(storage(), principal());
  const { fileId } = await upload(storage(), who);
  const files = storage().client(FileService, who);
  for (const id of [randomUUID(), foreign.fileId]) {
    expect(await failureOf(files.deleteFileVersion({ fileId: id, version: 1 }))).toEqual(fileMissing(id));
  }
  expect(await failureOf(files.deleteFileVersion({ fileId, version: 9 }))).toEqual(missing("version", "9"));
});

test("InvalidArgument, PermissionDenied: DeleteFileVersion, which editors may not", async () => {
  const fileId = randomUUID();
  const files = storage().client(FileService, principal());
  expect(await failureOf(files.deleteFileVersion({ fileId, version: 0 }))).toMatchObject({
    fields: ["version"],
  });
  const editor = storage().client(FileService, principal({ roles: ["editor"] }));
  expect(await failureOf(editor.deleteFileVersion({ fileId, version: 1 }))).toEqual(
    lacking("storage.files.purge"),
  );
});
