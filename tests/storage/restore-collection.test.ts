import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VectorMetric as Metric } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, filesIn, flipByte, lacking, startStorage, upload } from "./fixtures.ts";
import { createCollection, createNumbers, searchIds, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(startStorage);

test("OK: RestoreCollection makes a collection as it was in the snapshot, not as it is now", async () => {
  const who = principal();
  const next = createNumbers(5);
  const vectors = Array.from({ length: 2300 }, (_, index) => ({
    vectorId: `v${index}`,
    values: [next() * 1e-20, next(), next() * 1e10],
    metadata: { index, text: "line\nbreak" },
  }));
  const collectionId = await createCollection(storage(), who, { dimension: 3, metric: Metric.DOT });
  await upsert(storage(), who, collectionId, vectors);
  const client = vectorsOf(storage(), who);
  const { fileId } = await client.snapshotCollection({ collectionId });
  await client.deleteVectors({ collectionId, filter: "index >= 0" });
  const collection = { name: "restored", dimension: 3, metric: Metric.DOT };
  const { collection: restored } = await client.restoreCollection({ fileId, collection });
  expect(restored).toMatchObject({ ...collection, vectorCount: 2300n });
  const id = restored?.collectionId ?? "";
  const vectorIds = vectors.slice(0, 1000).map(({ vectorId }) => vectorId);
  const { vectors: found } = await client.getVectors({ collectionId: id, vectorIds });
  expect(found.map(({ values, metadata }) => [values, metadata])).toEqual(
    vectors.slice(0, 1000).map(({ values, metadata }) => [values.map(Math.fround), metadata]),
  );
  expect(await searchIds(storage(), who, { collectionId: id, vector: [0, 0, 1], k: 1000 })).toHaveLength(
    1000,
  );
});

test("OK: RestoreCollection from lines of another program, without metadata and a line break at the end", async () => {
  const who = principal();
  const content = '{"vector_id":"a","values":[1,2]}\r\n\n{"vectorId":"b","values":[3,4],"metadata":{"x":1}}';
  const { fileId } = await upload(storage(), who, { content });
  const client = vectorsOf(storage(), who);
  const { collection } = await client.restoreCollection({ fileId, collection: { name: "n", dimension: 2 } });
  expect(collection?.vectorCount).toBe(2n);
});

test.each([
  ["a line that is no JSON", '{"vectorId":"a","values":[1,2]}\n{"vectorId"', "2"],
  ["a line without an id", '{"values":[1,2]}', "1"],
  ["a line with another field", '{"vectorId":"a","values":[1,2],"text":"x"}', "1"],
  ["another dimension", '{"vectorId":"a","values":[1,2,3]}', "1"],
  ["a value that is no number", '{"vectorId":"a","values":[1,"NaN"]}', "1"],
  ["an id that occurs twice", '{"vectorId":"a","values":[1,2]}\n{"vectorId":"a","values":[1,2]}', "2"],
  ["an endless line", "x".repeat(2 * 1024 * 1024 + 1), "1"],
])("InvalidArgument: RestoreCollection from %s creates nothing", async (_title, content, line) => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content });
  const client = vectorsOf(storage(), who);
  const call = client.restoreCollection({ fileId, collection: { name: "n", dimension: 2 } });
  expect(await failureOf(call)).toEqual({
    code: "InvalidArgument",
    reason: "VECTOR_SNAPSHOT_INVALID",
    metadata: { line },
  });
  expect((await client.listCollections({})).collections).toEqual([]);
});

test("AlreadyExists: a name that is taken; NotFound: the namespace and the file", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "" });
  await createCollection(storage(), who, { name: "taken" });
  const restore = (id: string, name: string, caller = who) =>
    failureOf(
      vectorsOf(storage(), caller).restoreCollection({ fileId: id, collection: { name, dimension: 2 } }),
    );
  expect(await restore(fileId, "taken")).toMatchObject({ code: "AlreadyExists", reason: "RESOURCE_EXISTS" });
  const unknown = randomUUID();
  expect(await restore(unknown, "new")).toEqual(fileMissing(unknown));
  expect(await restore(fileId, "new", principal())).toEqual(fileMissing(fileId));
  const elsewhere = { ...who, roles: [], grants: [{ namespace: "elsewhere", roles: ["editor"] }] };
  expect(await restore(fileId, "new", elsewhere)).toEqual(fileMissing(fileId));
});

test("DataLoss: a damaged file creates nothing", async () => {
  await using service = await startStorage();
  const who = principal();
  const content = `${'{"vectorId":"a","values":[1,2]}\n'.padEnd(300 * 1024, " ")}`;
  const { fileId } = await upload(service, who, { content });
  const [path = ""] = await filesIn(service.directory);
  await flipByte(join(service.directory, path), 100);
  const client = vectorsOf(service, who);
  const call = client.restoreCollection({ fileId, collection: { name: "n", dimension: 2 } });
  expect(await failureOf(call)).toMatchObject({ code: "DataLoss", reason: "CONTENT_CORRUPT" });
  expect((await client.listCollections({})).collections).toEqual([]);
});

test("PermissionDenied: a viewer, and a key that may not read files", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const call = (caller: typeof who) =>
    failureOf(
      vectorsOf(storage(), caller).restoreCollection({ fileId, collection: { name: "n", dimension: 2 } }),
    );
  expect(await call({ ...who, roles: ["viewer"] })).toEqual(lacking("storage.vectors.write"));
  const limit = { permissions: ["storage.vectors.write"], namespaces: [] };
  expect(await call({ ...who, limit })).toEqual(lacking("storage.files.read"));
});
