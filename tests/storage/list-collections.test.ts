import { expect, test } from "vitest";
import { VectorMetric as Metric } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, vectorsOf } from "./vector-fixtures.ts";

// Pages, orders and filters of all lists are in tests/contract/lists.test.ts.

const storage = forFile(startStorage);

test("OK: ListCollections answers the organisation's collections, newest first, and filters them", async () => {
  const who = principal();
  await createCollection(storage(), who, { name: "b", dimension: 3 });
  await createCollection(storage(), who, { name: "a", metric: Metric.DOT });
  await createCollection(storage(), principal(), { name: "foreign" });
  const vectors = vectorsOf(storage(), who);
  const names = async (request: { filter?: string; orderBy?: string; namespace?: string }) =>
    (await vectors.listCollections(request)).collections.map(({ name }) => name);
  expect(await names({})).toEqual(["a", "b"]);
  expect(await names({ orderBy: "name desc" })).toEqual(["b", "a"]);
  expect(await names({ filter: "metric = dot" })).toEqual(["a"]);
  expect(await names({ filter: "dimension >= 3" })).toEqual(["b"]);
  expect(await names({ namespace: "elsewhere" })).toEqual([]);
});

test("InvalidArgument: a filter on what a collection has not, and a page token of another filter", async () => {
  const who = principal();
  for (const name of ["a", "b"]) await createCollection(storage(), who, { name });
  const vectors = vectorsOf(storage(), who);
  const unknown = await failureOf(vectors.listCollections({ filter: "size = 1" }));
  expect(unknown).toMatchObject({ code: "InvalidArgument", reason: "FILTER_INVALID" });
  const { nextPageToken: pageToken } = await vectors.listCollections({ pageSize: 1 });
  const foreign = await failureOf(vectors.listCollections({ filter: "name = a", pageToken }));
  expect(foreign).toMatchObject({ code: "InvalidArgument", reason: "PAGE_TOKEN_INVALID" });
});

test("PermissionDenied: somebody without a role", async () => {
  const call = vectorsOf(storage(), principal({ roles: [] })).listCollections({});
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.read"));
});
