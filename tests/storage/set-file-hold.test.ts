import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { NamespaceContentState as State } from "../../gen/sluice/common/v1/namespaces_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { LifecycleService } from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import { NamespaceContentService } from "../../gen/sluice/storage/v1/namespaces_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, startStorage, upload, usage, usageOf } from "./fixtures.ts";

const storage = forFile(startStorage);

const heldFailure = (fileId: string) => ({
  code: "FailedPrecondition",
  reason: "FILE_HELD",
  metadata: { file: fileId },
});

test("OK: SetFileHold keeps a file until it is released", async () => {
  const who = principal();
  const client = storage().client(LifecycleService, who);
  const files = storage().client(FileService, who);
  const { fileId } = await upload(storage(), who);
  const { hold } = await client.setFileHold({ fileId, held: true, reason: "a lawsuit" });
  expect(hold).toMatchObject({ reason: "a lawsuit", creatorUserId: who.userId });
  expect((await client.getFileTier({ fileId })).hold).toEqual(hold);
  const again = await client.setFileHold({ fileId, held: true, reason: "two lawsuits" });
  expect(again.hold).toEqual({ ...hold, reason: "two lawsuits" });
  expect(await failureOf(files.deleteFile({ fileId }))).toEqual(heldFailure(fileId));
  for (let count = 0; count < 2; count += 1)
    expect(await client.setFileHold({ fileId, held: false })).toMatchObject({});
  expect((await client.getFileTier({ fileId })).hold).toBeUndefined();
  await files.deleteFile({ fileId });
});

test("OK: neither its job nor its namespace takes a file on hold along", async () => {
  const who = principal();
  const blobs = storage().client(BlobService, who, "staging");
  const ownerId = randomUUID();
  async function* messages(name: string) {
    yield { part: { case: "header" as const, value: { name, ownerId, namespace: "lab" } } };
    yield { part: { case: "chunk" as const, value: Buffer.from(name) } };
  }
  const { fileId } = await blobs.putBlob(messages("held"));
  await blobs.putBlob(messages("other"));
  const client = storage().client(LifecycleService, who);
  await client.setFileHold({ fileId, held: true });
  expect(await failureOf(blobs.deleteBlobs({ ownerId }))).toEqual(heldFailure(fileId));
  expect(await usageOf(storage(), who)).toEqual(usage(4, 1));
  const content = storage().client(NamespaceContentService, who, "identity");
  const clear = () => content.setNamespaceState({ orgId: who.orgId, namespace: "lab", state: State.CLEARED });
  expect(await failureOf(clear())).toEqual(heldFailure(fileId));
  await client.setFileHold({ fileId, held: false });
  expect((await clear()).counts).toEqual({});
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("NotFound: a file that does not exist, and one of another organisation", async () => {
  const { fileId } = await upload(storage(), principal());
  const client = storage().client(LifecycleService, principal());
  for (const id of [fileId, randomUUID()])
    for (const held of [true, false])
      expect(await failureOf(client.setFileHold({ fileId: id, held }))).toEqual(fileMissing(id));
});

test("PermissionDenied: an editor", async () => {
  const client = storage().client(LifecycleService, principal({ roles: ["editor"] }));
  const call = client.setFileHold({ fileId: randomUUID(), held: true });
  expect(await failureOf(call)).toEqual(lacking("storage.holds.write"));
});
