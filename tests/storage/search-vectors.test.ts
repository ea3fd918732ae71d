import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { VectorMetric as Metric } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, upsert, vectorsOf } from "./vector-fixtures.ts";

// What both engines do is in vector-engines.test.ts.

const storage = forFile(startStorage);

test("OK: SearchVectors answers the nearest, with values and metadata if asked for", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const metadata = { lang: "en", tags: ["a"], deep: { year: 2020.5, none: null } };
  await upsert(storage(), who, collectionId, [
    { vectorId: "east", values: [1, 0], metadata },
    { vectorId: "north", values: [0, 2] },
  ]);
  const vectors = vectorsOf(storage(), who);
  const request = { collectionId, vector: [3, 0] };
  const bare = { $typeName: "sluice.storage.v1.SearchVectorsResponse.Match", values: [] };
  expect((await vectors.searchVectors(request)).matches).toEqual([
    { ...bare, vectorId: "east", score: 1 },
    { ...bare, vectorId: "north", score: 0 },
  ]);
  const whole = { ...request, k: 1, includeValues: true, includeMetadata: true };
  expect((await vectors.searchVectors(whole)).matches).toEqual([
    { ...bare, vectorId: "east", score: 1, values: [1, 0], metadata },
  ]);
});

test.each([
  ["another dimension", [1, 0, 0], "vector", {}],
  ["a value that is no number", [1, Number.NaN], "vector[1]", { index: "1" }],
  ["an infinite value", [Number.POSITIVE_INFINITY, 0], "vector[0]", { index: "0" }],
  ["a value beyond the limit", [1.1e15, 0], "vector[0]", { index: "0" }],
  ["zeros, which have no direction", [0, 0], "vector", {}],
])("InvalidArgument: SearchVectors with %s", async (_title, vector, field, metadata) => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  expect(await failureOf(vectorsOf(storage(), who).searchVectors({ collectionId, vector }))).toEqual({
    code: "InvalidArgument",
    reason: "VECTOR_INVALID",
    metadata,
    fields: [field],
  });
});

test("OK: SearchVectors for zeros where they have a distance", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { metric: Metric.L2 });
  await upsert(storage(), who, collectionId, [{ vectorId: "a", values: [3, 4] }]);
  const { matches } = await vectorsOf(storage(), who).searchVectors({ collectionId, vector: [0, 0] });
  expect(matches.map(({ score }) => score)).toEqual([5]);
});

test.each([
  ["lang", "5"],
  ["lang = ", "8"],
  ["a..b = 1", "1"],
  ["year > true", "8"],
  ["year = 1e999", "8"],
  ["a = 1 AND b = 2 OR c = 3", "17"],
])("InvalidArgument: SearchVectors with the filter %s", async (filter, position) => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const call = vectorsOf(storage(), who).searchVectors({ collectionId, vector: [1, 0], filter });
  expect(await failureOf(call)).toEqual({
    code: "InvalidArgument",
    reason: "FILTER_INVALID",
    metadata: { field: "filter", position },
    fields: ["filter"],
  });
});

test.each([
  [{ vector: [] }, "vector"],
  [{ k: 1001 }, "k"],
  [{ k: -1 }, "k"],
  [{ filter: "x".repeat(2001) }, "filter"],
])("InvalidArgument: SearchVectors with %o", async (request, field) => {
  const call = vectorsOf(storage(), principal()).searchVectors({
    collectionId: randomUUID(),
    vector: [1],
    ...request,
  });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("NotFound: SearchVectors in an unknown collection and in another organisation's", async () => {
  const collectionId = await createCollection(storage(), principal());
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).searchVectors({ collectionId: id, vector: [1, 0] });
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
});

test("PermissionDenied: somebody without a role; OK: a viewer, also from a process of the mesh", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const request = { collectionId, vector: [1, 0] };
  const nobody = vectorsOf(storage(), { ...who, roles: [] });
  expect(await failureOf(nobody.searchVectors(request))).toEqual(lacking("storage.vectors.read"));
  const viewer = vectorsOf(storage(), { ...who, roles: ["viewer"] });
  expect((await viewer.searchVectors(request)).matches).toEqual([]);
});
