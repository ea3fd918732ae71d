import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { UploadPolicyService } from "../../gen/sluice/storage/v1/upload_policies_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, failureOf, lacking, setQuota, startStorage, usage, usageOf } from "./fixtures.ts";
import { createCollection, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(startStorage);

test("OK: SnapshotCollection writes a file with a line for each vector, in the order of the ids", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { name: "my/vectors" });
  await upsert(storage(), who, collectionId, [
    { vectorId: "é", values: [0.1, -0] },
    { vectorId: 'quoted"', values: [1.4e-45, 1], metadata: { lang: "en" } },
  ]);
  const vectors = vectorsOf(storage(), who);
  const snapshot = await vectors.snapshotCollection({ collectionId });
  const { bytes, contentType } = await download(storage(), who, { fileId: snapshot.fileId });
  const lines = [
    `{"vectorId":"quoted\\"","values":[${Math.fround(1.4e-45)},1],"metadata":{"lang": "en"}}\n`,
    `{"vectorId":"é","values":[${Math.fround(0.1)},0],"metadata":{}}\n`,
  ];
  expect([bytes.toString(), contentType]).toEqual([lines.join(""), "application/x-ndjson"]);
  expect(snapshot).toMatchObject({ vectorCount: 2n, sizeBytes: BigInt(bytes.length) });
  expect(await usageOf(storage(), who)).toEqual(usage(bytes.length, 1));
  const named = await vectors.snapshotCollection({ collectionId, fileName: "v1" });
  expect(named.fileId).not.toBe(snapshot.fileId);
});

test("OK: SnapshotCollection of an empty collection is an empty file", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const snapshot = await vectorsOf(storage(), who).snapshotCollection({ collectionId });
  expect(snapshot).toMatchObject({ vectorCount: 0n, sizeBytes: 0n });
});

test("InvalidArgument: a snapshot that the namespace's upload policy does not accept leaves nothing", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  await upsert(storage(), who, collectionId, [{ vectorId: "a", values: [1, 0] }]);
  const policies = storage().client(UploadPolicyService, who);
  const snapshot = async (policy: { allowedTypes?: string[]; fileBytesMax?: bigint }) => {
    await policies.setUploadPolicy({ policy });
    return failureOf(vectorsOf(storage(), who).snapshotCollection({ collectionId }));
  };
  expect(await snapshot({ allowedTypes: ["image/*"] })).toMatchObject({ reason: "UPLOAD_REFUSED" });
  expect(await snapshot({ fileBytesMax: 10n })).toMatchObject({ reason: "CONTENT_TOO_LARGE" });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
  await policies.setUploadPolicy({ policy: { allowedTypes: ["application/x-ndjson"] } });
  expect(await vectorsOf(storage(), who).snapshotCollection({ collectionId })).toMatchObject({
    vectorCount: 1n,
  });
});

test("ResourceExhausted: SnapshotCollection beyond the quota leaves nothing", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  await upsert(storage(), who, collectionId, [{ vectorId: "a", values: [1, 0] }]);
  await setQuota(storage(), who, 10);
  const call = vectorsOf(storage(), who).snapshotCollection({ collectionId });
  expect(await failureOf(call)).toMatchObject({ code: "ResourceExhausted", reason: "QUOTA_EXCEEDED" });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("NotFound: an unknown collection and another organisation's; InvalidArgument: a name with a slash", async () => {
  const collectionId = await createCollection(storage(), principal());
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).snapshotCollection({ collectionId: id });
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
  const call = vectorsOf(storage(), principal()).snapshotCollection({ collectionId, fileName: "a/b" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["file_name"] });
});

test("PermissionDenied: a viewer, and a key that may not write files", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const call = (caller: typeof who) =>
    failureOf(vectorsOf(storage(), caller).snapshotCollection({ collectionId }));
  expect(await call({ ...who, roles: ["viewer"] })).toEqual(lacking("storage.vectors.write"));
  const limit = { permissions: ["storage.vectors.write"], namespaces: [] };
  expect(await call({ ...who, limit })).toEqual(lacking("storage.files.write"));
});
