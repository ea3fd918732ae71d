import { randomUUID } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { fileFingerprint } from "../../services/lib/content/file-fingerprint.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  failureOf,
  fileMissing,
  flipByte,
  generated,
  mib,
  startStorage,
  upload,
} from "./fixtures.ts";

const storage = forFile(startStorage);

/** Calls as orchestration, on behalf of `who`. */
async function getBlob(
  who: Principal,
  request: { fileId: string; heldSha256?: string; headOnly?: boolean },
  process = "orchestration",
) {
  const heads: unknown[] = [];
  const chunks: Uint8Array[] = [];
  for await (const { part } of storage().client(BlobService, who, process).getBlob(request)) {
    if (part.case === "head") heads.push(part.value);
    if (part.case === "chunk") chunks.push(part.value);
  }
  return { heads, bytes: Buffer.concat(chunks) };
}

test("OK: the head, then all bytes", async () => {
  const who = principal();
  const content = generated(2 * mib + 1);
  const { fileId, sha256 } = await upload(storage(), who, { name: "a.parquet", content });
  const { heads, bytes } = await getBlob(who, { fileId, heldSha256: "other" });
  expect(heads).toEqual([
    {
      $typeName: "sluice.storage.v1.BlobHead",
      name: "a.parquet",
      contentType: "application/vnd.apache.parquet",
      sizeBytes: BigInt(content.length),
      sha256,
      namespace: "default",
    },
  ]);
  expect(bytes.equals(content)).toBe(true);
});

test("OK: the head alone if that is all that is wanted, even of a file whose bytes are gone", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { name: "gone.csv" });
  await rm(join(storage().directory, blobPath(who, sha256)));
  const { heads, bytes } = await getBlob(who, { fileId, headOnly: true });
  expect(heads).toMatchObject([{ name: "gone.csv", sha256 }]);
  expect(bytes).toHaveLength(0);
});

test("OK: the head alone for a content that the caller holds", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who);
  const { heads, bytes } = await getBlob(who, { fileId, heldSha256: sha256 });
  expect(heads).toHaveLength(1);
  expect(bytes).toHaveLength(0);
});

test("OK: where the bytes lie, for a caller that names the folder", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who);
  const answers = async (folder: string) => {
    const headers = { "x-sluice-shared-folder": folder };
    const parts = storage().client(BlobService, who, "orchestration").getBlob({ fileId }, { headers });
    return (await Array.fromAsync(parts)).map(({ part }) => part);
  };
  const folder = await readFile(join(storage().directory, "id"), "utf8");
  const fingerprint = fileFingerprint(
    await stat(join(storage().directory, blobPath(who, sha256)), { bigint: true }),
  );
  const file = { $typeName: "sluice.storage.v1.BlobFile", path: blobPath(who, sha256), fingerprint };
  expect(await answers(folder)).toEqual([
    { case: "head", value: expect.objectContaining({ sha256 }) },
    { case: "file", value: expect.objectContaining(file) },
  ]);
  expect((await answers(randomUUID())).map((part) => part.case)).toEqual(["head", "chunk"]);
});

test("DataLoss: a damaged content is not told of either", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: generated(mib, 6) });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 10);
  const headers = { "x-sluice-shared-folder": await readFile(join(storage().directory, "id"), "utf8") };
  const parts = storage().client(BlobService, who, "orchestration").getBlob({ fileId }, { headers });
  expect(await failureOf(Array.fromAsync(parts))).toEqual({
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
    metadata: { sha256 },
  });
});

test("DataLoss: a damaged content, before its last byte leaves", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: generated(2 * mib, 5) });
  await flipByte(join(storage().directory, blobPath(who, sha256)), 2 * mib - 1);
  expect(await failureOf(getBlob(who, { fileId }))).toEqual({
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
    metadata: { sha256 },
  });
});

test("NotFound: an unknown file and another organisation's, also for a caller who holds the content", async () => {
  const { fileId, sha256 } = await upload(storage(), principal());
  for (const id of [fileId, randomUUID()]) {
    expect(await failureOf(getBlob(principal(), { fileId: id, heldSha256: sha256 }))).toEqual(
      fileMissing(id),
    );
  }
});

test("InvalidArgument: an id that is none", async () => {
  expect(await failureOf(getBlob(principal(), { fileId: "me" }))).toEqual({
    code: "InvalidArgument",
    fields: ["file_id"],
  });
});

test.each(["edge", "staging"])("PermissionDenied: %s", async (process) => {
  expect(await failureOf(getBlob(principal(), { fileId: randomUUID() }, process))).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: {},
  });
});
