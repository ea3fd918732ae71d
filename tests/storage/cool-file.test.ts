import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { LifecycleService, FileTier as Tier } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { ScrubFindingKind } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  fileMissing,
  filesIn,
  flipByte,
  generated,
  kib,
  lacking,
  mib,
  startStorage,
  startStorageIn,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { eager, scrub, scrubsOf } from "./scrub-fixtures.ts";

const thorough = { graceMs: 0, collectMs: 20, searchMs: 0 };
const storage = forFile(() => startStorage());
const as = (who: Principal) => storage().client(LifecycleService, who);

/** Text that becomes a hundredth. */
const text = Buffer.from("the same words again and again, ".repeat(64 * kib));

/** Paths of the organisation's objects. */
const objectsOf = async ({ orgId }: Principal, { directory } = storage()) =>
  (await filesIn(directory)).filter((path) => path.includes(orgId));

test("OK: CoolFile compresses content, and a read brings back exactly what it was", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: text });
  const { tier, storedBytes } = await as(who).coolFile({ fileId });
  expect(tier).toBe(Tier.COLD);
  expect(Number(storedBytes)).toBeLessThan(text.length / 100);
  const [cold, ...others] = await objectsOf(who);
  expect(others).toEqual([]);
  expect(cold).not.toBe(blobPath(who, sha256));
  expect(await usageOf(storage(), who)).toEqual(usage(text.length, 1));
  expect(await as(who).coolFile({ fileId })).toMatchObject({ tier, storedBytes });
  const range = await download(storage(), who, { fileId, range: "bytes=1000-1009" });
  expect(range.bytes).toEqual(text.subarray(1000, 1010));
  expect((await as(who).getFileTier({ fileId })).tier).toBe(Tier.WARM);
  expect((await download(storage(), who, { fileId })).bytes.equals(text)).toBe(true);
  expect(await objectsOf(who)).toContain(blobPath(who, sha256));
});

test("OK: content that can't be compressed stays as it is", async () => {
  const who = principal();
  const content = generated(mib, 5);
  const { fileId, sha256 } = await upload(storage(), who, { content });
  expect(await as(who).coolFile({ fileId })).toMatchObject({
    tier: Tier.COLD,
    storedBytes: BigInt(content.length),
  });
  expect(await objectsOf(who)).toEqual([blobPath(who, sha256)]);
  expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
  await as(who).warmFile({ fileId });
  expect((await as(who).getFileTier({ fileId })).tier).toBe(Tier.WARM);
});

test.each([
  ["zst", zstdCompressSync],
  ["gz", gzipSync],
] as const)(
  "OK: an upload that is compressed itself comes back byte for byte: %s",
  async (ending, compress) => {
    const who = principal();
    // Many equal streams: a file that shrinks once more.
    const content = Buffer.concat(Array.from({ length: 4000 }, () => compress(text.subarray(0, 4000))));
    const { fileId } = await upload(storage(), who, { name: `a.csv.${ending}`, content });
    const { storedBytes } = await as(who).coolFile({ fileId });
    expect(Number(storedBytes)).toBeLessThan(content.length / 2);
    expect((await download(storage(), who, { fileId })).bytes.equals(content)).toBe(true);
    await as(who).coolFile({ fileId });
    const { bytes } = await download(storage(), who, { fileId, range: "bytes=-7" });
    expect(bytes).toEqual(content.subarray(-7));
  },
);

test("OK: the collector leaves cold content while a file has it, and then removes all of it", async () => {
  await using own = await startStorage(thorough);
  const who = principal();
  const client = own.client(LifecycleService, who);
  await own
    .client(TrashPolicyService, who)
    .setTrashPolicy({ trashPolicy: { undeleteWindow: { seconds: 0n } } });
  const { fileId } = await upload(own, who, { content: text });
  const { fileId: other } = await upload(own, who, { content: "others go" });
  await client.coolFile({ fileId });
  await own.client(FileService, who).deleteFile({ fileId: other });
  await expect.poll(async () => (await objectsOf(who, own)).length).toBe(1);
  await Promise.all([1, 2, 3].map(() => client.warmFile({ fileId })));
  expect((await download(own, who, { fileId })).bytes.equals(text)).toBe(true);
  await expect.poll(async () => (await objectsOf(who, own)).length).toBe(1);
  await client.coolFile({ fileId });
  await own.client(FileService, who).deleteFile({ fileId });
  await expect.poll(() => objectsOf(who, own)).toEqual([]);
});

test("OK: two processes cool and read one content at once, and it is never missing", async () => {
  await using neighbour = await startStorageIn(storage().database, storage().directory);
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: text });
  for (let round = 0; round < 5; round += 1) {
    const read = async (service: typeof neighbour) =>
      expect((await download(service, who, { fileId })).bytes.equals(text)).toBe(true);
    await Promise.all([
      as(who).coolFile({ fileId }),
      neighbour.client(LifecycleService, who).coolFile({ fileId }),
      read(storage()),
      read(neighbour),
    ]);
  }
});

test("DataLoss: damaged content is not compressed, and damaged cold content is not served", async () => {
  const who = principal();
  const { fileId, sha256 } = await upload(storage(), who, { content: text });
  await using neighbour = await startStorageIn(storage().database, storage().directory);
  const path = join(storage().directory, blobPath(who, sha256));
  const corrupt = { code: "DataLoss", reason: "CONTENT_CORRUPT", metadata: { sha256 } };
  await flipByte(path, 100);
  expect(await failureOf(neighbour.client(LifecycleService, who).coolFile({ fileId }))).toEqual(corrupt);
  await flipByte(path, 100);
  await as(who).coolFile({ fileId });
  const [cold = ""] = await objectsOf(who);
  await flipByte(join(storage().directory, cold), 50);
  expect(await failureOf(download(storage(), who, { fileId }))).toEqual(corrupt);
  expect(await failureOf(as(who).warmFile({ fileId }))).toEqual(corrupt);
  await flipByte(join(storage().directory, cold), 50);
  expect((await download(storage(), who, { fileId })).bytes.equals(text)).toBe(true);
});

test("OK: a scrub finds nothing wrong with cold content, and names the files of what is damaged", async () => {
  await using own = await startStorage(eager);
  const who = principal();
  const { fileId } = await upload(own, who, { content: text });
  await own.client(LifecycleService, who).coolFile({ fileId });
  const findings = async () => {
    const { scrub: report } = await scrub(own);
    return (await scrubsOf(own).listScrubFindings({ scrubId: report.scrubId })).findings;
  };
  expect(await findings()).toEqual([]);
  const [cold = ""] = await objectsOf(who, own);
  await flipByte(join(own.directory, cold), 50);
  expect(await findings()).toMatchObject([{ kind: ScrubFindingKind.CORRUPT, fileIds: [fileId] }]);
});

test("NotFound: a file that does not exist; PermissionDenied: a viewer", async () => {
  const fileId = randomUUID();
  expect(await failureOf(as(principal()).coolFile({ fileId }))).toEqual(fileMissing(fileId));
  const viewer = as(principal({ roles: ["viewer"] }));
  expect(await failureOf(viewer.coolFile({ fileId }))).toEqual(lacking("storage.files.write"));
});
