import { randomUUID } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { VectorMetric as Metric } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, type NewVector, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(() => startStorage({ uploadIdleMs: 1000, streamVectorsMax: 3000 }));

test("OK: UpsertVectors inserts and replaces, in several messages", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const vectors = Array.from({ length: 2500 }, (_, index) => ({ vectorId: `v${index}`, values: [1, index] }));
  expect(await upsert(storage(), who, collectionId, vectors)).toBe(2500n);
  expect(await upsert(storage(), who, collectionId, vectors.slice(2000))).toBe(500n);
  const { count } = await vectorsOf(storage(), who).countVectors({ collectionId });
  expect(count).toBe(2500n);
});

const odd = [0, -0, 0.1, -1e15, 1e15, 1.4e-45, 3.4e-38, 16_777_217];

test("OK: values are returned as float32, exactly", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { dimension: odd.length });
  await upsert(storage(), who, collectionId, [{ vectorId: "a", values: odd }]);
  const { vectors } = await vectorsOf(storage(), who).getVectors({ collectionId, vectorIds: ["a"] });
  expect(vectors[0]?.values).toEqual(odd.map(Math.fround));
});

type Broken = readonly [string, Partial<NewVector>, string, Readonly<Record<string, string>>];
const nested = (depth: number): JsonObject => (depth === 0 ? {} : { a: nested(depth - 1) });
const broken: readonly Broken[] = [
  ["too few values", { values: [1] }, "values", {}],
  ["too many values", { values: [1, 2, 3] }, "values", {}],
  ["no values", { values: [] }, "values", {}],
  ["a value that is no number", { values: [1, Number.NaN] }, "values[1]", { index: "1" }],
  ["an infinite value", { values: [Number.NEGATIVE_INFINITY, 1] }, "values[0]", { index: "0" }],
  ["a value beyond the limit", { values: [1, 2e15] }, "values[1]", { index: "1" }],
  ["zeros", { values: [0, -0] }, "values", {}],
  ["large metadata", { metadata: { text: "é".repeat(8192) } }, "metadata", {}],
  ["deep metadata", { metadata: nested(17) }, "metadata", {}],
  ["a NUL in the metadata", { metadata: { list: ["a\0"] } }, "metadata", {}],
  ["a NUL in a key of the metadata", { metadata: { "a\0": 1 } }, "metadata", {}],
];

test.each(broken)(
  "InvalidArgument: UpsertVectors with %s, naming the vector",
  async (_title, part, field, more) => {
    const who = principal();
    const collectionId = await createCollection(storage(), who);
    const good = { vectorId: "good", values: [1, 1] };
    const call = upsert(storage(), who, collectionId, [good, { vectorId: "bad", values: [1, 1], ...part }]);
    expect(await failureOf(call)).toEqual({
      code: "InvalidArgument",
      reason: "VECTOR_INVALID",
      metadata: { vector: "bad", ...more },
      fields: [`vectors[1].${field}`],
    });
    expect((await vectorsOf(storage(), who).countVectors({ collectionId })).count).toBe(0n);
  },
);

test("OK: zeros where they have a distance; InvalidArgument: an id that occurs twice in a message", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { metric: Metric.L2 });
  const zero = { vectorId: "zero", values: [0, 0] };
  expect(await upsert(storage(), who, collectionId, [zero])).toBe(1n);
  expect(await failureOf(upsert(storage(), who, collectionId, [zero, zero]))).toMatchObject({
    reason: "VECTOR_INVALID",
    metadata: { vector: "zero" },
    fields: ["vectors[1].vector_id"],
  });
});

test("InvalidArgument: a later message that is wrong, after which the earlier ones are stored", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  async function* messages(second: object) {
    yield { collectionId, vectors: [{ vectorId: "a", values: [1, 0] }] };
    yield second;
  }
  const { upsertVectors, countVectors } = vectorsOf(storage(), who);
  const other = messages({ collectionId: randomUUID() });
  expect(await failureOf(upsertVectors(other))).toMatchObject({ fields: ["collection_id"] });
  const bad = messages({ vectors: [{ vectorId: "b", values: [1] }] });
  expect(await failureOf(upsertVectors(bad))).toMatchObject({ reason: "VECTOR_INVALID" });
  expect((await countVectors({ collectionId })).count).toBe(1n);
});

test.each([
  ["no collection", {}, "collection_id"],
  ["an id that is empty", { vectors: [{ vectorId: "", values: [1, 0] }] }, "vectors[0].vector_id"],
  ["a long id", { vectors: [{ vectorId: "x".repeat(256), values: [1, 0] }] }, "vectors[0].vector_id"],
  ["a line break in an id", { vectors: [{ vectorId: "a\n", values: [1, 0] }] }, "vectors[0].vector_id"],
  ["too many vectors", { vectors: Array.from({ length: 1001 }, () => ({ vectorId: "x" })) }, "vectors"],
])("InvalidArgument: UpsertVectors with %s", async (_title, message, field) => {
  async function* messages() {
    yield message;
  }
  const call = vectorsOf(storage(), principal()).upsertVectors(messages());
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("ResourceExhausted: more vectors than a stream may have, and than a collection may have", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who, { dimension: 1 });
  async function* endless() {
    for (;;) {
      const vectors = Array.from({ length: 1000 }, (_, index) => ({ vectorId: `v${index}`, values: [1] }));
      yield { collectionId, vectors };
    }
  }
  const refused = (limit: number) => ({
    code: "ResourceExhausted",
    reason: "VECTOR_LIMIT_EXCEEDED",
    metadata: { limit: String(limit) },
  });
  await storage().database.sql`
    update storage.vector_collections set vector_count = 10000000 where collection_id = ${collectionId}`;
  expect(await failureOf(upsert(storage(), who, collectionId, [{ vectorId: "a", values: [1] }]))).toEqual(
    refused(10_000_000),
  );
  await storage().database.sql`
    update storage.vector_collections set vector_count = 0 where collection_id = ${collectionId}`;
  expect(await failureOf(vectorsOf(storage(), who).upsertVectors(endless()))).toEqual(refused(3000));
  expect((await vectorsOf(storage(), who).countVectors({ collectionId })).count).toBe(1000n);
});

test("DeadlineExceeded: a stream that sends nothing", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const { promise: end, resolve } = Promise.withResolvers<void>();
  async function* silent() {
    yield { collectionId };
    await end;
  }
  const call = vectorsOf(storage(), who).upsertVectors(silent());
  expect(await failureOf(call)).toEqual({ code: "DeadlineExceeded" });
  resolve();
});

test("NotFound: an unknown collection and another organisation's; PermissionDenied: a viewer", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  for (const id of [collectionId, randomUUID()]) {
    const call = upsert(storage(), principal(), id, [{ vectorId: "a", values: [1, 0] }]);
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
  const call = upsert(storage(), { ...who, roles: ["viewer"] }, collectionId, []);
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.write"));
});
