import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { File } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ScrubService, ScrubState } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  download,
  failureOf,
  flipByte,
  generated,
  lacking,
  mib,
  startStorage,
  upload,
} from "./fixtures.ts";
import { eager, platformAdmin, scrub, scrubsOf, told } from "./scrub-fixtures.ts";

const storage = forFile(() => startStorage(eager));

const pathOf = (who: Principal, file: File) => join(storage().directory, blobPath(who, file.sha256));

test("OK: StartScrub checks every object of every organisation, and finds nothing wrong", async () => {
  const [one, other] = [principal(), principal()];
  await upload(storage(), one, { content: generated(mib + 1) });
  await upload(storage(), one, { content: "small" });
  await upload(storage(), other, { content: "small" });
  const report = await scrub(storage());
  expect(report.scrub).toMatchObject({
    state: ScrubState.COMPLETED,
    scheduled: false,
    creatorUserId: platformAdmin.userId,
    objectCount: 3n,
    readBytes: BigInt(mib + 1 + 5 + 5),
    corruptCount: 0n,
    wrongSizeCount: 0n,
    missingCount: 0n,
    unknownCount: 0n,
    repairedCount: 0n,
  });
  expect(report.findings).toEqual([]);
});

test("OK: it says which objects are corrupt, cut off or missing, and which files need them", async () => {
  const who = principal();
  const contents = [2, 3, 4].map((seed) => generated(1000, seed));
  const files = await Promise.all(contents.map((content) => upload(storage(), who, { content })));
  const [corrupt, cut, missing] = files as [File, File, File];
  const twin = await upload(storage(), who, { content: contents[0] ?? "" });
  await flipByte(pathOf(who, corrupt), 500);
  await truncate(pathOf(who, cut), 999);
  await rm(pathOf(who, missing));
  const { scrub: report, findings } = await scrub(storage());
  const expected = [
    { kind: "CORRUPT", sha256: corrupt.sha256, fileIds: [corrupt.fileId, twin.fileId].sort() },
    { kind: "WRONG_SIZE", sha256: cut.sha256, fileIds: [cut.fileId] },
    { kind: "MISSING", sha256: missing.sha256, fileIds: [missing.fileId] },
  ].map((one) => ({ ...one, repaired: false }));
  expect(told(findings)).toEqual(expected.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)));
  expect(report).toMatchObject({ corruptCount: 1n, wrongSizeCount: 1n, missingCount: 1n });
  for (const { fileId } of files) {
    expect(await failureOf(download(storage(), who, { fileId }))).toMatchObject({
      code: "DataLoss",
      reason: "CONTENT_CORRUPT",
    });
  }
  // An upload of the same content replaces what was damaged.
  for (const content of contents) await upload(storage(), who, { content });
  for (const { fileId } of files) await download(storage(), who, { fileId });
  expect((await scrub(storage())).findings).toEqual([]);
});

test("OK: an object that only an earlier version of a file needs is checked, too", async () => {
  const who = principal();
  const first = await upload(storage(), who, { content: generated(1000, 11) });
  const { fileId } = await upload(storage(), who, { content: generated(1000, 12), fileId: first.fileId });
  expect(fileId).toBe(first.fileId);
  await rm(pathOf(who, first));
  expect(told((await scrub(storage())).findings)).toEqual([
    { kind: "MISSING", sha256: first.sha256, fileIds: [fileId], repaired: false },
  ]);
  await upload(storage(), who, { content: generated(1000, 11) });
});

test("FailedPrecondition: StartScrub while another scrub runs", async () => {
  await upload(storage(), principal(), { content: generated(mib, 5) });
  const scrubs = scrubsOf(storage());
  // So slow that it outlasts the test.
  const slow = await scrubs.startScrub({ bytesPerSecond: 1n });
  expect(await failureOf(scrubs.startScrub({}))).toEqual({
    code: "FailedPrecondition",
    reason: "SCRUB_RUNNING",
    metadata: { scrub: slow.scrub?.scrubId },
  });
});

test("InvalidArgument: a rate below 0", async () => {
  expect(await failureOf(scrubsOf(storage()).startScrub({ bytesPerSecond: -1n }))).toEqual({
    code: "InvalidArgument",
    fields: ["bytes_per_second"],
  });
});

test("PermissionDenied: an administrator of an organisation", async () => {
  const call = storage().client(ScrubService, principal()).startScrub({});
  expect(await failureOf(call)).toEqual(lacking("storage.scrubs.write"));
});
