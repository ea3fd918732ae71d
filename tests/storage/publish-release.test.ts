import { randomUUID } from "node:crypto";
import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileCategory, FileKind } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  fileMissing,
  flipByte,
  generated,
  hashOf,
  mib,
  setQuota,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import {
  publish,
  type ReleaseFileInit,
  releasedFiles,
  type StagedFile,
  stagedFile,
} from "./release-fixtures.ts";

const storage = forFile(startStorage);

const stage = (who: Principal, path: string, content: string | Uint8Array = path): Promise<StagedFile> =>
  stagedFile(storage(), who, { path, content });

const unstage = (who: Principal, { ownerId }: StagedFile) =>
  storage().client(BlobService, who, "staging").deleteBlobs({ ownerId });

const blobOf = (who: Principal, { sha256 }: StagedFile) => join(storage().directory, blobPath(who, sha256));

const exists = (metadata: Record<string, string>) => ({
  code: "AlreadyExists",
  reason: "RESOURCE_EXISTS",
  metadata,
});
const corrupt = (path: string) => ({
  code: "FailedPrecondition",
  reason: "RELEASE_CORRUPT",
  metadata: { path },
});

/** Expects that a publication fails and changes nothing. */
async function expectRefused(who: Principal, files: ReleaseFileInit[], failure: object, releaseId?: string) {
  const before = [await releasedFiles(storage(), who), await usageOf(storage(), who)];
  const call = publish(storage(), who, files, { ...(releaseId && { releaseId }) });
  expect(await failureOf(call)).toMatchObject(failure);
  expect([await releasedFiles(storage(), who), await usageOf(storage(), who)]).toEqual(before);
}

test("OK: staged files appear under their paths, stay when the staged ones go, and count", async () => {
  const who = principal();
  const content = generated(2 * mib + 3, 901);
  const data = await stage(who, "area/project/table/part-00000.parquet", content);
  const manifest = await stage(who, "area/project/manifest.json", "{}");
  const { files } = await publish(storage(), who, [data, manifest]);
  const published = ({ path, sha256, sizeBytes }: StagedFile, bytes: string | Uint8Array) => ({
    $typeName: "sluice.storage.v1.PublishedFile",
    fileId: expect.any(String),
    path,
    sha256,
    sha512: hashOf("sha512", bytes),
    sizeBytes,
  });
  expect(files).toEqual([published(data, content), published(manifest, "{}")]);
  expect(await usageOf(storage(), who)).toEqual(usage(2 * (content.length + 2), 4));
  for (const staged of [data, manifest]) await unstage(who, staged);
  expect(await usageOf(storage(), who)).toEqual(usage(content.length + 2, 2));

  const [first, second] = await releasedFiles(storage(), who);
  expect(first?.path).toBe(manifest.path);
  expect(second).toEqual({
    $typeName: "sluice.storage.v1.File",
    fileId: files[0]?.fileId,
    name: "part-00000.parquet",
    contentType: "application/vnd.apache.parquet",
    sizeBytes: BigInt(content.length),
    sha256: data.sha256,
    creatorUserId: who.userId,
    createTime: expect.anything(),
    updateTime: second?.createTime,
    etag: "1",
    category: FileCategory.RELEASE,
    path: data.path,
    namespace: "default",
    contentTime: second?.createTime,
    detectedContentType: "",
    folder: "",
    kind: FileKind.GENERAL,
    objectName: "",
    properties: {},
    tags: [],
    version: 1,
  });
  const fileId = second?.fileId ?? "";
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
});

test("OK: called again it answers the same, also in another order and when the staged files are gone", async () => {
  const who = principal();
  const [one, two] = [await stage(who, "again/1"), await stage(who, "again/2", "")];
  const releaseId = randomUUID();
  const first = await publish(storage(), who, [one, two], { releaseId });
  for (const staged of [one, two]) await unstage(who, staged);
  expect(await publish(storage(), who, [one, two], { releaseId })).toEqual(first);
  const { files } = await publish(storage(), who, [two, one], { releaseId });
  expect(files).toEqual(first.files.toReversed());
  expect(await usageOf(storage(), who)).toEqual(usage(7, 2));
});

test("OK: one staged file under two paths, and names of any script", async () => {
  const who = principal();
  const staged = await stage(who, 'a/b "c" 🐙/ü.parquet', "shared");
  const { files } = await publish(storage(), who, [staged, { ...staged, path: "elsewhere" }]);
  expect(files.map(({ path }) => path)).toEqual([staged.path, "elsewhere"]);
  const [, elsewhere] = files;
  expect(elsewhere?.sha512).toBe(hashOf("sha512", "shared"));
});

test("OK: organisations share neither releases nor paths", async () => {
  const releaseId = randomUUID();
  const [one, other] = [principal(), principal()];
  await publish(storage(), one, [await stage(one, "same/path", "one")], { releaseId });
  await publish(storage(), other, [await stage(other, "same/path", "other")], { releaseId });
  for (const who of [one, other]) expect(await releasedFiles(storage(), who)).toHaveLength(1);
});

test("NotFound: a staged file that is unknown, removed, another organisation's, or an upload", async () => {
  const who = principal();
  const good = await stage(who, "gone/good");
  const removed = await stage(who, "gone/removed");
  await unstage(who, removed);
  const foreign = await stage(principal(), "gone/foreign");
  const { fileId, sha256, sizeBytes } = await upload(storage(), who, { content: "an upload" });
  const uploaded = { fileId, sha256, sizeBytes, path: "gone/upload" };
  for (const bad of [{ ...good, fileId: randomUUID(), path: "b" }, removed, foreign, uploaded]) {
    await expectRefused(who, [good, bad], fileMissing(bad.fileId));
  }
});

test("FailedPrecondition: a file that is not what was approved", async () => {
  const who = principal();
  const good = await stage(who, "approved/good");
  const staged = await stage(who, "approved/bad");
  await expectRefused(who, [good, { ...staged, sha256: good.sha256 }], corrupt(staged.path));
  await expectRefused(who, [good, { ...staged, sizeBytes: staged.sizeBytes + 1n }], corrupt(staged.path));
});

test.each([
  ["one flipped byte", (blob: string) => flipByte(blob, mib - 1)],
  ["a truncated file", (blob: string) => truncate(blob, mib - 1)],
  ["no bytes at all", (blob: string) => rm(blob)],
])("FailedPrecondition: %s in staging, until the same content is staged anew", async (what, damage) => {
  const who = principal();
  const content = generated(mib, what.length);
  const good = await stage(who, "damaged/good");
  const bad = await stage(who, "damaged/bad", content);
  await damage(blobOf(who, bad));
  await expectRefused(who, [good, bad], corrupt(bad.path));
  await stage(who, "damaged/bad", content);
  expect((await publish(storage(), who, [good, bad])).files).toHaveLength(2);
});

test("AlreadyExists: the release has other paths or content", async () => {
  const who = principal();
  const [one, two] = [await stage(who, "exists/1"), await stage(who, "exists/2")];
  const releaseId = randomUUID();
  await publish(storage(), who, [one], { releaseId });
  for (const files of [[one, two], [two], [{ ...one, path: "exists/other" }], [{ ...two, path: one.path }]]) {
    await expectRefused(who, files, exists({ release: releaseId }), releaseId);
  }
  await publish(storage(), who, [two, { ...one, path: "exists/3" }], { releaseId: two.ownerId });
  await expectRefused(who, [two], exists({ release: two.ownerId }), two.ownerId);
});

test("AlreadyExists: another release has one of the paths", async () => {
  const who = principal();
  const [one, two] = [await stage(who, "taken/1"), await stage(who, "taken/2")];
  await publish(storage(), who, [two]);
  await expectRefused(who, [one, two], exists({ path: two.path }));
  expect((await publish(storage(), who, [one])).files).toHaveLength(1);
});

test("ResourceExhausted: the release does not fit into the quota to the last byte", async () => {
  const who = principal();
  const staged = await stage(who, "quota/1", "0123456789");
  await setQuota(storage(), who, 19);
  await expectRefused(who, [staged], { code: "ResourceExhausted", reason: "QUOTA_EXCEEDED" });
  await setQuota(storage(), who, 20);
  await publish(storage(), who, [staged]);
  expect(await usageOf(storage(), who)).toEqual(usage(20, 2));
});

const valid = { fileId: randomUUID(), path: "a", sha256: "0".repeat(64), sizeBytes: 0n };

const badPaths = [
  ...["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\\b", "a\nb", "a/b\0", "a/\x7f"],
  "a".repeat(256),
  `${"a/".repeat(512)}a`,
];

test.each([
  ...badPaths.map((path) => ({ field: "path", path })),
  { field: "sha256", sha256: "0".repeat(63) },
  { field: "sha256", sha256: "A".repeat(64) },
  { field: "size_bytes", sizeBytes: -1n },
  { field: "file_id", fileId: "me" },
])("InvalidArgument: %o", async ({ field, ...bad }) => {
  expect(await failureOf(publish(storage(), principal(), [{ ...valid, ...bad }]))).toMatchObject({
    code: "InvalidArgument",
    fields: expect.arrayContaining([`files[0].${field}`]),
  });
});

test("InvalidArgument: no files, too many, one path twice, and an id that is none", async () => {
  const invalid = (field: string) => ({ code: "InvalidArgument", fields: [field] });
  const who = principal();
  expect(await failureOf(publish(storage(), who, []))).toEqual(invalid("files"));
  const many = Array.from({ length: 10_001 }, (_, index) => ({ ...valid, path: `a/${index}` }));
  expect(await failureOf(publish(storage(), who, many))).toEqual(invalid("files"));
  expect(await failureOf(publish(storage(), who, [valid, { ...valid, path: "b" }, valid]))).toEqual(
    invalid("files[2].path"),
  );
  expect(await failureOf(publish(storage(), who, [valid], { releaseId: "me" }))).toEqual(
    invalid("release_id"),
  );
});

test("OK: 10,000 files with long paths", async () => {
  const who = principal();
  const staged = await stage(who, "part");
  const folder = `${"f".repeat(250)}/`.repeat(4);
  const files = Array.from({ length: 10_000 }, (_, index) => ({ ...staged, path: `${folder}${index}` }));
  const published = await publish(storage(), who, files);
  expect(published.files.map(({ path }) => path)).toEqual(files.map(({ path }) => path));
  expect(await usageOf(storage(), who)).toEqual(usage(4 * 10_001, 10_001));
});

test.each(["edge", "staging", "orchestration", "storage"])("PermissionDenied: %s", async (process) => {
  expect(await failureOf(publish(storage(), principal(), [valid], { process }))).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: {},
  });
});
