import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, searchIds, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(() => startStorage({ vectorMaintenanceMs: 20 }));

test("OK: DeleteCollection removes a collection, and its vectors soon after", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { name: "again" });
  await upsert(storage(), who, collectionId, [
    { vectorId: "a", values: [1, 0] },
    { vectorId: "b", values: [1, 0] },
  ]);
  const vectors = vectorsOf(storage(), who);
  await vectors.deleteVectors({ collectionId, vectorIds: ["b"] });
  expect(await searchIds(storage(), who, { collectionId, vector: [1, 0] })).toEqual(["a"]);
  await vectors.deleteCollection({ collectionId });
  const gone = { code: "NotFound", reason: "RESOURCE_NOT_FOUND", metadata: { collection: collectionId } };
  expect(await failureOf(vectors.getCollection({ collectionId }))).toEqual(gone);
  expect(await failureOf(vectors.searchVectors({ collectionId, vector: [1, 0] }))).toEqual(gone);
  expect(await failureOf(vectors.deleteCollection({ collectionId }))).toEqual(gone);
  const rows = () => storage().database.sql`
    select collection_id from storage.vectors where collection_id = ${collectionId}
    union all select collection_id from storage.deleted_vectors where collection_id = ${collectionId}
    union all select collection_id from storage.deleted_collections where collection_id = ${collectionId}`;
  await expect.poll(async () => (await rows()).length).toBe(0);
  expect(await createCollection(storage(), who, { name: "again" })).not.toBe(collectionId);
});

test("NotFound: DeleteCollection of an unknown one and of another organisation's", async () => {
  const collectionId = await createCollection(storage(), principal());
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).deleteCollection({ collectionId: id });
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
});

test("PermissionDenied: a viewer", async () => {
  const viewer = vectorsOf(storage(), principal({ roles: ["viewer"] }));
  const call = viewer.deleteCollection({ collectionId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.write"));
});
