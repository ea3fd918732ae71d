import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { HttpFileSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  failureOf,
  flipByte,
  generated,
  mib,
  startStorage,
  startStorageIn,
  upload,
} from "./fixtures.ts";

const storage = forFile(startStorage);

const who = principal();

const folderId = (): Promise<string> => readFile(join(storage().directory, "id"), "utf8");

/** The response to a caller that names a folder. */
async function answersTo(sharedFolder: string, fileId: string, range = "") {
  const headers = { "x-sluice-shared-folder": sharedFolder };
  const bodies = storage().client(FileService, who).downloadFile({ fileId, range }, { headers });
  const answers = await Array.fromAsync(bodies);
  const files = answers.flatMap(({ extensions }) => extensions.map((any) => anyUnpack(any, HttpFileSchema)));
  return {
    bytes: answers.reduce((sum, { data }) => sum + data.length, 0),
    file: files.find((file) => file),
  };
}

const handedOver = (file: File) => ({
  bytes: 0,
  file: {
    $typeName: "sluice.common.v1.HttpFile",
    path: blobPath(who, file.sha256),
    offsetBytes: 0n,
    sizeBytes: file.sizeBytes,
    fingerprint: expect.stringMatching(new RegExp(`^\\d+-${file.sizeBytes}-\\d+$`)),
    lease: `${who.orgId}/${file.fileId}/1`,
    // Stored as it is.
    dataKey: new Uint8Array(),
  },
});

test.each([
  ["the whole", mib, ""],
  ["a range", mib, "bytes=100-600099"],
  ["a small content", 10, ""],
  ["an empty content", 0, ""],
])("OK: who names the folder is told where the whole is, though %s is asked for", async (_, size, range) => {
  const file = await upload(storage(), who, { content: generated(size) });
  expect(await answersTo(await folderId(), file.fileId, range)).toEqual(handedOver(file));
});

test("OutOfRange: what has no bytes to hand over is answered as to everybody", async () => {
  const file = await upload(storage(), who, { content: generated(10) });
  expect(await failureOf(answersTo(await folderId(), file.fileId, "bytes=10-"))).toMatchObject({
    code: "OutOfRange",
  });
});

test("OK: who names another folder gets the bytes", async () => {
  const file = await upload(storage(), who, { content: generated(mib) });
  const another = "00000000-0000-4000-8000-000000000000";
  expect(await answersTo(another, file.fileId)).toEqual({ bytes: mib, file: undefined });
});

test("DataLoss: damaged content is not handed over", async () => {
  const file = await upload(storage(), who, { content: generated(mib, 7) });
  await flipByte(join(storage().directory, blobPath(who, file.sha256)), 5000);
  expect(await failureOf(answersTo(await folderId(), file.fileId))).toMatchObject({
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
  });
});

test("OK: the folder keeps its id", async () => {
  const before = await folderId();
  await using _again = await startStorageIn(storage().database, storage().directory);
  expect(await folderId()).toBe(before);
});
