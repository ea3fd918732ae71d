import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { type ReleaseFileSchema, ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import type { Principal } from "../../services/lib/principal.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  flipByte,
  generated,
  hashOf,
  mib,
  type Storage,
  stagedFile,
  startStorage,
  usage,
  usageOf,
} from "./fixtures.ts";

let storage: Storage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

const publish = (
  who: Principal,
  files: MessageInitShape<typeof ReleaseFileSchema>[],
  { releaseId = randomUUID(), process = "approval" } = {},
) => storage.client(ReleaseService, who, process).publishRelease({ releaseId, files });

const stage = (who: Principal, path: string, content: string | Uint8Array = path) =>
  stagedFile(storage, who, { path, content });

async function releasedFiles(who: Principal) {
  const { files } = await storage.client(FileService, who).listFiles({ category: FileCategory.RELEASE });
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const corrupt = (path: string) => ({
  code: "FailedPrecondition",
  reason: "RELEASE_CORRUPT",
  metadata: { path },
});

test("OK: staged files appear under their paths, stay when the staged ones go, and count", async () => {
  const who = principal();
  const content = generated(2 * mib + 3, 901);
  const data = await stage(who, "area/project/table/part-00000.parquet", content);
  const manifest = await stage(who, "area/project/manifest.json", "{}");
  const { files } = await publish(who, [data, manifest]);
  expect(files).toEqual([
    {
      $typeName: "sluice.storage.v1.PublishedFile",
      fileId: expect.any(String),
      path: data.path,
      sha256: data.sha256,
      sha512: hashOf("sha512", content),
      sizeBytes: BigInt(content.length),
    },
    {
      $typeName: "sluice.storage.v1.PublishedFile",
      fileId: expect.any(String),
      path: manifest.path,
      sha256: manifest.sha256,
      sha512: hashOf("sha512", "{}"),
      sizeBytes: 2n,
    },
  ]);
  expect(await usageOf(storage, who)).toEqual(usage(2 * (content.length + 2), 4));
  const { deleteBlobs } = storage.client(BlobService, who, "staging");
  for (const { ownerId } of [data, manifest]) await deleteBlobs({ ownerId });
  expect(await usageOf(storage, who)).toEqual(usage(content.length + 2, 2));
  const [second, first] = await releasedFiles(who);
  expect(first).toEqual({
    $typeName: "sluice.storage.v1.File",
    fileId: files[0]?.fileId,
    name: "part-00000.parquet",
    contentType: "application/vnd.apache.parquet",
    sizeBytes: BigInt(content.length),
    sha256: data.sha256,
    creatorUserId: who.userId,
    createTime: expect.anything(),
    updateTime: first?.createTime,
    etag: "1",
    category: FileCategory.RELEASE,
    path: data.path,
  });
  expect(second?.path).toBe(manifest.path);
  const fileId = files[0]?.fileId ?? "";
  expect((await download(storage, who, { fileId })).bytes.equals(content)).toBe(true);
});

test("OK: 16 calls at once publish one release and answer the same", async () => {
  const who = principal();
  const staged = await Promise.all(
    [1, 2, 3].map((part) => stage(who, `a/b/part-${part}`, generated(mib, 910 + part))),
  );
  const releaseId = randomUUID();
  const [first, ...others] = await Promise.all(
    Array.from({ length: 16 }, () => publish(who, staged, { releaseId })),
  );
  for (const other of others) expect(other).toEqual(first);
  expect((await releasedFiles(who)).map(({ fileId }) => fileId)).toEqual(
    first?.files.map(({ fileId }) => fileId),
  );
  expect(await usageOf(storage, who)).toEqual(usage(6 * mib, 6));
});

test("FailedPrecondition: a byte that was flipped in staging, and nothing is published", async () => {
  const who = principal();
  const good = await stage(who, "a/good", "good bytes");
  const bad = await stage(who, "a/bad", generated(mib, 921));
  await flipByte(join(storage.directory, blobPath(bad.sha256)), 1000);
  expect(await failureOf(publish(who, [good, bad]))).toEqual(corrupt("a/bad"));
  expect(await releasedFiles(who)).toEqual([]);
});
