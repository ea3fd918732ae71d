import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(startStorage);

test("OK: GetVectors answers the vectors that there are, in the order of the ids", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  await upsert(storage(), who, collectionId, [
    { vectorId: "a", values: [1, 0.5], metadata: { tags: ["x", null], deep: { n: 1e300 } } },
    { vectorId: "b / ü", values: [0, 1] },
  ]);
  const vectorIds = ["b / ü", "nothing", "a", "b / ü"];
  const { vectors } = await vectorsOf(storage(), who).getVectors({ collectionId, vectorIds });
  const second = { $typeName: "sluice.storage.v1.Vector", vectorId: "b / ü", values: [0, 1], metadata: {} };
  expect(vectors).toEqual([
    second,
    {
      $typeName: "sluice.storage.v1.Vector",
      vectorId: "a",
      values: [1, 0.5],
      metadata: { tags: ["x", null], deep: { n: 1e300 } },
    },
    second,
  ]);
});

test("NotFound: GetVectors of an unknown collection and of another organisation's", async () => {
  const collectionId = await createCollection(storage(), principal());
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).getVectors({ collectionId: id, vectorIds: ["a"] });
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
});

test("InvalidArgument: too many ids; PermissionDenied: somebody without a role", async () => {
  const collectionId = randomUUID();
  const vectorIds = Array.from({ length: 1001 }, String);
  const many = vectorsOf(storage(), principal()).getVectors({ collectionId, vectorIds });
  expect(await failureOf(many)).toEqual({ code: "InvalidArgument", fields: ["vector_ids"] });
  const call = vectorsOf(storage(), principal({ roles: [] })).getVectors({ collectionId });
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.read"));
});
