import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startStorage } from "./fixtures.ts";
import { stagedFile } from "./release-fixtures.ts";

const storage = forFile(startStorage);

test("OK: the files of one package, of one organisation; again is no error", async () => {
  const who = principal();
  const other = principal();
  const packageId = randomUUID();
  const releasesOf = (one: typeof who) => storage().client(ReleaseService, one, "approval");
  const staged = await Promise.all(
    [who, other].map((one) => stagedFile(storage(), one, { path: "orders.csv" })),
  );
  for (const [index, one] of [who, other].entries())
    await releasesOf(one).holdPackageFiles({ packageId, fileIds: [staged[index]?.fileId ?? ""] });
  for (let call = 0; call < 2; call += 1) await releasesOf(who).releasePackageFiles({ packageId });
  const drop = (one: typeof who, index: number) =>
    storage()
      .client(BlobService, one, "staging")
      .deleteBlobs({ ownerId: staged[index]?.ownerId ?? "" });
  expect(await drop(who, 0)).toMatchObject({ fileCount: 1 });
  expect(await failureOf(drop(other, 1))).toMatchObject({ reason: "FILE_HELD" });
});

test("PermissionDenied: another process than approval", async () => {
  const call = storage()
    .client(ReleaseService, principal(), "edge")
    .releasePackageFiles({ packageId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});
