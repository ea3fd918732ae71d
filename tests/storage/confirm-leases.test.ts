import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startStorage, startStorageIn, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

const who = principal();
const files = () => storage().client(FileService, who);

/** A client that calls as the edge, without a principal. */
async function areValid(...leases: string[]): Promise<boolean[]> {
  const blobs = storage().client(BlobService, undefined, "edge");
  return (await blobs.confirmLeases({ leases })).areValid;
}

const leaseOf = (fileId: string, orgId = who.orgId, revision = 1) => `${orgId}/${fileId}/${revision}`;

test("OK: the lease of a file holds until the file is changed or removed, in the order of the request", async () => {
  const [kept, changed, removed] = await Promise.all([1, 2, 3].map(() => upload(storage(), who)));
  if (!kept || !changed || !removed) throw new Error("no file");
  const leases = [removed, changed, kept].map(({ fileId }) => leaseOf(fileId));
  expect(await areValid(...leases)).toEqual([true, true, true]);
  await files().updateFile({ file: { fileId: changed.fileId, name: "other.csv" } });
  await files().deleteFile({ fileId: removed.fileId });
  expect(await areValid(...leases)).toEqual([false, false, true]);
  expect(await areValid(leaseOf(changed.fileId, who.orgId, 2))).toEqual([true]);
});

test("OK: a removal by another process counts at once", async () => {
  await using neighbour = await startStorageIn(storage().database, storage().directory);
  const { fileId } = await upload(storage(), who);
  expect(await areValid(leaseOf(fileId))).toEqual([true]);
  await neighbour.client(FileService, who).deleteFile({ fileId });
  expect(await areValid(leaseOf(fileId))).toEqual([false]);
});

test("OK: a lease in another organisation's name, of a file that is not there, or of no form does not hold", async () => {
  const { fileId } = await upload(storage(), who);
  const forged = [
    leaseOf(fileId, principal().orgId),
    leaseOf(randomUUID()),
    "soup",
    "",
    `${leaseOf(fileId)}0`,
  ];
  expect(await areValid(...forged)).toEqual([false, false, false, false, false]);
});

test("PermissionDenied: another process than the edge", async () => {
  const call = storage()
    .client(BlobService, who, "staging")
    .confirmLeases({ leases: ["soup"] });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});

test.each([
  ["none", []],
  ["more than 1000", Array(1001).fill("soup")],
])("InvalidArgument: %s at once", async (_, leases) => {
  const call = storage().client(BlobService, undefined, "edge").confirmLeases({ leases });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["leases"] });
});
