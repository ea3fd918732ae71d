import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ScrubFindingKind, ScrubService } from "../../gen/sluice/storage/v1/scrubs_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  blobPath,
  failureOf,
  flipByte,
  generated,
  lacking,
  sha256,
  startStorage,
  upload,
} from "./fixtures.ts";
import { append, createUpload } from "./resumable-fixtures.ts";
import { eager, scrub, scrubsOf } from "./scrub-fixtures.ts";

const storage = forFile(() => startStorage(eager));

test("OK: ListScrubFindings returns what a scrub has found, and filters it", async () => {
  const who = principal();
  const files = [];
  for (let seed = 1; seed <= 12; seed += 1) {
    files.push(await upload(storage(), who, { content: seed <= 11 ? "damaged" : generated(10, seed) }));
  }
  const [damaged, missing] = [files[0], files.at(-1)];
  if (!damaged || !missing) throw new Error("no files");
  const pathOf = (sha256: string) => join(storage().directory, blobPath(who, sha256));
  await flipByte(pathOf(damaged.sha256), 0);
  await rm(pathOf(missing.sha256));
  const { scrub: report } = await scrub(storage());
  const list = (filter: string) => scrubsOf(storage()).listScrubFindings({ scrubId: report.scrubId, filter });
  const { findings } = await list('kind = "corrupt"');
  expect(findings).toEqual([
    expect.objectContaining({
      kind: ScrubFindingKind.CORRUPT,
      orgId: who.orgId,
      sha256: damaged.sha256,
      fileCount: 11n,
      repaired: false,
    }),
  ]);
  // The files are many, the finding names some.
  expect(findings[0]?.fileIds).toHaveLength(10);
  const others = await list(`sha256 = "${missing.sha256}"`);
  expect(others.findings.map(({ kind }) => kind)).toEqual([ScrubFindingKind.MISSING]);
  expect((await list("repaired = true")).findings).toEqual([]);
});

test("OK: a missing part of an upload that is not finished, with the id of the file that it becomes", async () => {
  const who = principal();
  const content = generated(1000, 77);
  const { uploadId } = await createUpload(storage(), who, { lengthBytes: 2000 });
  await append(storage(), who, { uploadId, content });
  const intact = (await scrub(storage())).findings.filter(({ orgId }) => orgId === who.orgId);
  expect(intact).toEqual([]);
  await rm(join(storage().directory, blobPath(who, sha256(content))));
  const { findings } = await scrub(storage());
  expect(findings.filter(({ orgId }) => orgId === who.orgId)).toEqual([
    expect.objectContaining({
      kind: ScrubFindingKind.MISSING,
      sha256: sha256(content),
      fileIds: [uploadId],
      fileCount: 1n,
      repaired: false,
    }),
  ]);
});

test("NotFound: an unknown scrub", async () => {
  const scrubId = randomUUID();
  expect(await failureOf(scrubsOf(storage()).listScrubFindings({ scrubId }))).toEqual({
    code: "NotFound",
    reason: "RESOURCE_NOT_FOUND",
    metadata: { scrub: scrubId },
  });
});

test.each([
  ["FILTER_INVALID", { filter: 'colour = "red"' }],
  ["PAGE_TOKEN_INVALID", { pageToken: "x" }],
])("InvalidArgument: %s", async (reason, request) => {
  const { scrub: report } = await scrub(storage());
  const call = scrubsOf(storage()).listScrubFindings({ scrubId: report.scrubId, ...request });
  expect(await failureOf(call)).toMatchObject({ code: "InvalidArgument", reason });
});

test("PermissionDenied: an administrator of an organisation", async () => {
  const call = storage().client(ScrubService, principal()).listScrubFindings({ scrubId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.scrubs.read"));
});
