import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, upsert, vectorsOf } from "./vector-fixtures.ts";

// That deleted vectors are not found is in vector-engines.test.ts.

const storage = forFile(startStorage);

test("OK: DeleteVectors by ids and by filter answers how many there were", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const ids = ["a", "b", "c", "d", "e"];
  await upsert(
    storage(),
    who,
    collectionId,
    ids.map((vectorId, index) => ({ vectorId, values: [1, 1], metadata: { n: index } })),
  );
  const { deleteVectors, getVectors, countVectors } = vectorsOf(storage(), who);
  expect((await deleteVectors({ collectionId, vectorIds: ["a", "nothing"] })).deletedCount).toBe(1n);
  expect((await deleteVectors({ collectionId, filter: "n >= 3" })).deletedCount).toBe(2n);
  expect((await deleteVectors({ collectionId, filter: "n >= 3" })).deletedCount).toBe(0n);
  const { vectors } = await getVectors({ collectionId, vectorIds: ids });
  expect(vectors.map(({ vectorId }) => vectorId)).toEqual(["b", "c"]);
  expect((await countVectors({ collectionId })).count).toBe(2n);
});

test("InvalidArgument: neither ids nor a filter, both of them, and a filter that is none", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const { deleteVectors } = vectorsOf(storage(), who);
  for (const selection of [{}, { vectorIds: ["a"], filter: "a = 1" }]) {
    expect(await failureOf(deleteVectors({ collectionId, ...selection }))).toEqual({
      code: "InvalidArgument",
      fields: ["request"],
    });
  }
  expect(await failureOf(deleteVectors({ collectionId, filter: "a" }))).toMatchObject({
    reason: "FILTER_INVALID",
  });
});

test("NotFound: an unknown collection and another organisation's; PermissionDenied: a viewer", async () => {
  const collectionId = await createCollection(storage(), principal());
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).deleteVectors({ collectionId: id, vectorIds: ["a"] });
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
  const viewer = vectorsOf(storage(), principal({ roles: ["viewer"] }));
  const call = viewer.deleteVectors({ collectionId, vectorIds: ["a"] });
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.write"));
});
