import { join } from "node:path";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  flipByte,
  lacking,
  sha256,
  startStorage,
  upload,
} from "./fixtures.ts";
import { announced, modelsOf, notReady, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

async function read(who: Principal, request: object): Promise<string> {
  const chunks: Uint8Array[] = [];
  const given = { model: "churn", version: 1, path: "a/model.bin", ...request };
  for await (const { data } of modelsOf(storage(), who).downloadModelFile(given)) chunks.push(data);
  return Buffer.concat(chunks).toString();
}

async function registerIn(who: Principal, content: string) {
  const { fileId } = await upload(storage(), who, { content });
  return register(storage(), who, { files: [{ path: "a/model.bin", fileId }] });
}

test("OK: DownloadModelFile returns the bytes and ranges of them, and counts those from the first byte", async () => {
  const who = principal();
  const version = await registerIn(who, "the weights");
  const viewer = { ...who, roles: ["viewer"] };
  expect(await read(viewer, {})).toBe("the weights");
  expect(await read(viewer, { range: "bytes=0-2" })).toBe("the");
  expect(await read(viewer, { range: "bytes=4-" })).toBe("weights");
  expect(await read(viewer, { range: "bytes=-1" })).toBe("s");
  expect(await read(viewer, { ifNoneMatch: `"${sha256("the weights")}"` })).toBe("");
  // Readers ask for the head before they read.
  expect(await read(viewer, { headOnly: true })).toBe("");
  const models = modelsOf(storage(), who);
  const counts = async () => {
    const { modelVersion } = await models.getModelVersion({ model: "churn", version: 1 });
    return [modelVersion?.downloadCount, modelVersion?.files[0]?.downloadCount];
  };
  await expect.poll(counts, { timeout: 20_000 }).toEqual([2n, 2n]);
  // The same bytes by the file's id.
  const byId = await download(storage(), who, { fileId: version.files[0]?.fileId ?? "" });
  expect(byId.bytes.toString()).toBe("the weights");
});

test("DataLoss: damaged bytes are not returned", async () => {
  const who = principal();
  await registerIn(who, "soon damaged");
  await flipByte(join(storage().directory, blobPath(who, sha256("soon damaged"))), 3);
  expect(await failureOf(read(who, {}))).toMatchObject({ code: "DataLoss", reason: "CONTENT_CORRUPT" });
});

test("NotFound, FailedPrecondition, PermissionDenied: DownloadModelFile", async () => {
  const who = principal();
  await registerIn(who, "x");
  await register(storage(), who, { files: [announced("a/model.bin", "later")] });
  expect(await failureOf(read(who, { version: 2 }))).toEqual(notReady("churn", 2));
  expect(await failureOf(read(who, { version: 3 }))).toEqual(versionMissing("churn", 3));
  expect(await failureOf(read(who, { path: "b" }))).toMatchObject({
    code: "NotFound",
    metadata: { path: "b" },
  });
  expect(await failureOf(read(principal(), {}))).toEqual(versionMissing("churn", 1));
  expect(await failureOf(read({ ...who, roles: [] }, {}))).toEqual(lacking("storage.models.read"));
  expect(await failureOf(read(who, { ifMatch: '"other"' }))).toMatchObject({ code: "Aborted" });
  expect(await failureOf(read(who, { range: "bytes=9-" }))).toMatchObject({ code: "OutOfRange" });
});

test("OK: files of models are a category of their own", async () => {
  const who = principal();
  await registerIn(who, "x");
  const files = storage().client(FileService, who);
  expect((await files.listFiles({ category: 4 })).files).toMatchObject([{ name: "model.bin", category: 4 }]);
  expect((await files.listFiles({})).files).toMatchObject([{ name: "data.csv" }]);
});
