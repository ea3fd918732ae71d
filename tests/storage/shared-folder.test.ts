import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HttpFileSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  failureOf,
  flipByte,
  generated,
  kib,
  mib,
  type Storage,
  startStorage,
  startStorageIn,
  upload,
} from "./fixtures.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const who = principal();

const folderId = (): Promise<string> => readFile(join(storage.directory, "id"), "utf8");

/** What a caller gets who names a folder. */
async function answersTo(sharedFolder: string, fileId: string, range = "") {
  const headers = { "x-sluice-shared-folder": sharedFolder };
  const bodies = storage.client(FileService, who).downloadFile({ fileId, range }, { headers });
  const answers = await Array.fromAsync(bodies);
  const files = answers.flatMap(({ extensions }) => extensions.map((any) => anyUnpack(any, HttpFileSchema)));
  return {
    bytes: answers.reduce((sum, { data }) => sum + data.length, 0),
    file: files.find((file) => file),
  };
}

test("OK: who names the folder is told where the bytes are", async () => {
  const file = await upload(storage, who, { content: generated(mib) });
  expect(await answersTo(await folderId(), file.fileId)).toEqual({
    bytes: 0,
    file: {
      $typeName: "sluice.common.v1.HttpFile",
      path: blobPath(file.sha256),
      offsetBytes: 0n,
      sizeBytes: BigInt(mib),
      fingerprint: expect.stringMatching(/^\d+-1048576-\d+$/),
    },
  });
});

test("OK: also where a range of them is", async () => {
  const file = await upload(storage, who, { content: generated(mib) });
  const { bytes, file: where } = await answersTo(await folderId(), file.fileId, "bytes=100-600099");
  expect([bytes, where?.offsetBytes, where?.sizeBytes]).toEqual([0, 100n, 600_000n]);
});

test("OK: a small content and a small range are read for the caller", async () => {
  const small = await upload(storage, who, { content: generated(256 * kib - 1) });
  expect(await answersTo(await folderId(), small.fileId)).toEqual({ bytes: 256 * kib - 1, file: undefined });
  const large = await upload(storage, who, { content: generated(mib) });
  const range = await answersTo(await folderId(), large.fileId, "bytes=0-999");
  expect(range).toEqual({ bytes: 1000, file: undefined });
});

test("OK: who names another folder gets the bytes", async () => {
  const file = await upload(storage, who, { content: generated(mib) });
  const another = "00000000-0000-4000-8000-000000000000";
  expect(await answersTo(another, file.fileId)).toEqual({ bytes: mib, file: undefined });
});

test("DataLoss: damaged content is not handed over", async () => {
  const file = await upload(storage, who, { content: generated(mib, 7) });
  await flipByte(join(storage.directory, blobPath(file.sha256)), 5000);
  expect(await failureOf(answersTo(await folderId(), file.fileId))).toMatchObject({
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
  });
});

test("OK: the folder keeps its id", async () => {
  const before = await folderId();
  await using _again = await startStorageIn(storage.database, storage.directory);
  expect(await folderId()).toBe(before);
});
