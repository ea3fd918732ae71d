import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { ReleaseService } from "../../gen/sluice/storage/v1/releases_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, startStorage, upload, usage, usageOf } from "./fixtures.ts";
import { putBlob, stagedFile } from "./release-fixtures.ts";

const storage = forFile(startStorage);

const releasesOf = (who: Principal, process = "approval") => storage().client(ReleaseService, who, process);
const heldFailure = (fileId: string) => ({
  code: "FailedPrecondition",
  reason: "FILE_HELD",
  metadata: { file: fileId },
});

test("OK: neither its job nor CoolFile touches a file of a package, until every package has released it", async () => {
  const who = principal();
  const { fileId, ownerId } = await stagedFile(storage(), who, { path: "orders.csv" });
  const [one, two] = [randomUUID(), randomUUID()];
  for (const packageId of [one, one, two]) {
    await releasesOf(who).holdPackageFiles({ packageId, fileIds: [fileId, fileId.toUpperCase()] });
  }
  const blobs = storage().client(BlobService, who, "staging");
  const lifecycle = storage().client(LifecycleService, who);
  for (const packageId of [one, two]) {
    expect(await failureOf(blobs.deleteBlobs({ ownerId }))).toEqual(heldFailure(fileId));
    expect(await failureOf(lifecycle.coolFile({ fileId }))).toEqual(heldFailure(fileId));
    await releasesOf(who).releasePackageFiles({ packageId });
  }
  await lifecycle.coolFile({ fileId });
  expect(await blobs.deleteBlobs({ ownerId })).toMatchObject({ fileCount: 1 });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("OK: a namespace that is deleted takes the files of packages along", async () => {
  const who = principal();
  const { fileId } = await putBlob(storage(), who, { namespace: "lab" });
  await releasesOf(who).holdPackageFiles({ packageId: randomUUID(), fileIds: [fileId] });
  const namespaces = storage().client(NamespaceContentService, undefined, "identity");
  const clear = () =>
    namespaces.setNamespaceState({ orgId: who.orgId, namespace: "lab", state: State.CLEARED });
  expect((await clear()).counts).toEqual({});
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("NotFound: a file that is gone, of another organisation, or not staged; then none is held", async () => {
  const who = principal();
  const { fileId, ownerId } = await stagedFile(storage(), who, { path: "orders.csv" });
  const { fileId: uploaded } = await upload(storage(), who);
  const { fileId: foreign } = await stagedFile(storage(), principal(), { path: "orders.csv" });
  for (const other of [randomUUID(), uploaded, foreign]) {
    const call = releasesOf(who).holdPackageFiles({ packageId: randomUUID(), fileIds: [fileId, other] });
    expect(await failureOf(call)).toEqual(fileMissing(other));
  }
  const blobs = storage().client(BlobService, who, "staging");
  expect(await blobs.deleteBlobs({ ownerId })).toMatchObject({ fileCount: 1 });
});

test("PermissionDenied, InvalidArgument: another process than approval, no file", async () => {
  const request = { packageId: randomUUID(), fileIds: [randomUUID()] };
  const edge = releasesOf(principal(), "edge").holdPackageFiles(request);
  expect(await failureOf(edge)).toMatchObject({ code: "PermissionDenied" });
  const none = releasesOf(principal()).holdPackageFiles({ ...request, fileIds: [] });
  expect(await failureOf(none)).toEqual({ code: "InvalidArgument", fields: ["file_ids"] });
});
