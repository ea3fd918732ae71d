import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(startStorage);

test("OK: GetCollection answers a collection with the number of its vectors", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { name: "mine" });
  await upsert(storage(), who, collectionId, [
    { vectorId: "a", values: [1, 0] },
    { vectorId: "b", values: [1, 0] },
  ]);
  await upsert(storage(), who, collectionId, [{ vectorId: "a", values: [0, 1] }]);
  const { collection } = await vectorsOf(storage(), who).getCollection({ collectionId });
  expect(collection).toMatchObject({ collectionId, name: "mine", dimension: 2, vectorCount: 2n });
});

test("NotFound: GetCollection of an unknown one and of another organisation's", async () => {
  const collectionId = await createCollection(storage(), principal());
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).getCollection({ collectionId: id });
    expect(await failureOf(call)).toEqual({
      code: "NotFound",
      reason: "RESOURCE_NOT_FOUND",
      metadata: { collection: id },
    });
  }
});

test("InvalidArgument: an id that is none; PermissionDenied: somebody without a role", async () => {
  const call = (roles: string[], collectionId: string) =>
    failureOf(vectorsOf(storage(), principal({ roles })).getCollection({ collectionId }));
  expect(await call(["viewer"], "x")).toEqual({ code: "InvalidArgument", fields: ["collection_id"] });
  expect(await call([], randomUUID())).toEqual(lacking("storage.vectors.read"));
});
