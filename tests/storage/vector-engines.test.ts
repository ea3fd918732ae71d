import { describe, expect, test } from "vitest";
import { VectorEngine as Engine, VectorMetric as Metric } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { failureOf } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { hasPgvector, pgvectorMissing } from "../lib/pgvector-server.ts";
import { principal } from "../lib/test-mesh.ts";
import { only } from "./namespaces.ts";
import { startExact, startPgvector } from "./vector-engine-fixtures.ts";
import {
  createCollection,
  createNumbers,
  type NewVector,
  searchIds,
  upsert,
  vectorsOf,
} from "./vector-fixtures.ts";

describe("exact", () => engineSuite(startExact, Engine.EXACT));
if (hasPgvector) describe("pgvector", () => engineSuite(startPgvector, Engine.PGVECTOR));
else test.skip(`the same with pgvector${pgvectorMissing}`);

/** More vectors than pgvector's index starts with. */
const manyCount = 1500;

function many(dimension: number, metadataOf: (index: number) => NewVector["metadata"] = () => ({})) {
  const next = createNumbers(7);
  return Array.from({ length: manyCount }, (_, index) => ({
    vectorId: `v${String(index).padStart(5, "0")}`,
    values: Array.from({ length: dimension }, next),
    metadata: metadataOf(index),
  }));
}

type Search = { readonly vector: number[]; readonly k?: number; readonly filter?: string };
type Scored = { readonly vectorId: string; readonly score: number };

/** What a search should find, computed in doubles from float32. */
function expected(vectors: readonly NewVector[], query: readonly number[], metric: Metric): Scored[] {
  const wanted = query.map(Math.fround);
  const scored = vectors.map(({ vectorId, values = [] }) => ({
    vectorId,
    score: score(values.map(Math.fround), wanted, metric),
  }));
  const sign = metric === Metric.L2 ? 1 : -1;
  return scored.sort((one, other) => sign * (one.score - other.score));
}

const dot = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);

function score(left: readonly number[], right: readonly number[], metric: Metric): number {
  if (metric === Metric.DOT) return dot(left, right);
  if (metric === Metric.COSINE) return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));
  return Math.hypot(...left.map((value, index) => value - (right[index] ?? 0)));
}

function engineSuite(start: typeof startExact, engine: Engine): void {
  const scene = forFile(start);

  /** A collection with these vectors, and an index if the engine has one. */
  async function filled(
    vectors: readonly NewVector[],
    { metric = Metric.COSINE, dimension = 2 }: { metric?: Metric; dimension?: number } = {},
  ) {
    const { storage, sql } = scene();
    const who = principal();
    const collectionId = await createCollection(storage, who, { metric, dimension });
    await upsert(storage, who, collectionId, vectors);
    const isReady = async () => {
      const [row] = await sql`
        select is_indexed from storage.vector_collections where collection_id = ${collectionId}`;
      return row?.is_indexed === true || engine === Engine.EXACT || vectors.length < 1000;
    };
    await expect.poll(isReady, { timeout: 60_000 }).toBe(true);
    const client = vectorsOf(storage, who);
    return {
      who,
      collectionId,
      client,
      found: (request: Search) => searchIds(storage, who, { collectionId, ...request }),
    };
  }

  test.each([Metric.COSINE, Metric.L2, Metric.DOT])(
    "OK: SearchVectors finds the nearest of many, metric %d",
    async (metric) => {
      const vectors = many(12);
      const { collectionId, client } = await filled(vectors, { metric, dimension: 12 });
      const { collection } = await client.getCollection({ collectionId });
      expect([collection?.engine, collection?.vectorCount]).toEqual([engine, BigInt(manyCount)]);
      for (const query of many(12).slice(0, 5)) {
        const { values: vector = [] } = query;
        const { matches } = await client.searchVectors({ collectionId, vector, k: 20 });
        const best = expected(vectors, vector, metric).slice(0, 20);
        expect(matches.map(({ vectorId }) => vectorId)).toEqual(best.map(({ vectorId }) => vectorId));
        for (const [index, match] of matches.entries()) {
          expect(match.score).toBeCloseTo(best[index]?.score ?? Number.NaN, 3);
        }
      }
    },
    120_000,
  );

  test("OK: SearchVectors returns k where so many match a filter, and all where fewer do", async () => {
    const { found } = await filled(
      many(4, (index) => ({ rare: index % 500 === 0, half: index % 2, name: `n${index}` })),
      { dimension: 4 },
    );
    const search = async (filter: string, k = 10) =>
      (await found({ vector: [1, 2, 3, 4], filter, k })).length;
    expect(await search("")).toBe(10);
    expect(await search("half = 1")).toBe(10);
    expect(await search("half = 1", 600)).toBe(600);
    expect(await search("half = 1", 1000)).toBe(750);
    expect(await search("rare = true")).toBe(3);
    expect(await search("name = n77")).toBe(1);
    expect(await search("name = nobody")).toBe(0);
    expect(await search("", 1000)).toBe(1000);
  }, 120_000);

  test("NotFound: a search of a collection that was searched before, for callers who may not read it, and once it is deleted", async () => {
    const { storage } = scene();
    const { who, collectionId, client, found } = await filled(many(4), { dimension: 4 });
    const wanted = expected(many(4), [1, 2, 3, 4], Metric.COSINE).slice(0, 3);
    const ids = wanted.map(({ vectorId }) => vectorId);
    const search = { collectionId, vector: [1, 2, 3, 4], k: 3 };
    for (let times = 0; times < 3; times += 1) expect(await found(search)).toEqual(ids);
    const strangers = [principal(), only(who, "elsewhere", "viewer")];
    for (const stranger of strangers) {
      // Nothing is told of the collection, as its dimension by the error of another one.
      for (const vector of [search.vector, [1, 2]])
        expect(await failureOf(searchIds(storage, stranger, { ...search, vector }))).toMatchObject({
          code: "NotFound",
        });
    }
    expect(await searchIds(storage, only(who, "default", "viewer"), search)).toEqual(ids);
    expect(await failureOf(found({ ...search, vector: [1, 2] }))).toMatchObject({
      code: "InvalidArgument",
    });
    await client.deleteCollection({ collectionId });
    expect(await failureOf(found(search))).toMatchObject({ code: "NotFound" });
  }, 120_000);

  test("OK: a search that was made before sees each change of the vectors at once", async () => {
    const { storage } = scene();
    const { who, collectionId, client, found } = await filled(many(4), { dimension: 4 });
    const search = () => found({ vector: [1, 1, 1, 1], k: 2 });
    const [first = "", second] = await search();
    await search();
    await upsert(storage, who, collectionId, [{ vectorId: "nearest", values: [1, 1, 1, 1] }]);
    expect(await search()).toEqual(["nearest", first]);
    await client.deleteVectors({ collectionId, vectorIds: ["nearest", first] });
    expect((await search()).at(0)).toBe(second);
    expect(await found({ vector: [1, 1, 1, 1], k: 2, filter: "no = thing" })).toEqual([]);
  }, 120_000);

  test("OK: SearchVectors puts equally near vectors in the order of their ids, by code points", async () => {
    const same = ["\u{1f600}", "\uffee", "b", "a", "B", "é"].map((vectorId) => ({
      vectorId,
      values: [1, 1],
    }));
    const { found } = await filled([...same, { vectorId: "far", values: [-1, 1] }]);
    expect(await found({ vector: [2, 2], k: 4 })).toEqual(["B", "a", "b", "é"]);
    expect(await found({ vector: [2, 2], k: 9 })).toEqual(["B", "a", "b", "é", "\uffee", "\u{1f600}", "far"]);
  });

  test("OK: SearchVectors of more equal vectors than it returns, in an index too", async () => {
    const equal = many(2).map((vector) => ({ ...vector, values: [1, 1] }));
    const { found } = await filled(equal);
    expect(await found({ vector: [1, 1], k: 3 })).toEqual(["v00000", "v00001", "v00002"]);
  }, 120_000);

  test("OK: a vector is replaced as a whole, and found by its new values and metadata alone", async () => {
    const { storage } = scene();
    const { who, collectionId, client, found } = await filled([
      { vectorId: "a", values: [1, 0], metadata: { old: 1, both: "x" } },
      { vectorId: "b", values: [0, 1] },
    ]);
    expect(await found({ vector: [1, 0], k: 1 })).toEqual(["a"]);
    await upsert(storage, who, collectionId, [{ vectorId: "a", values: [-1, 0], metadata: { both: "y" } }]);
    expect(await found({ vector: [1, 0] })).toEqual(["b", "a"]);
    expect(await found({ vector: [1, 0], filter: "old = 1" })).toEqual([]);
    expect(await found({ vector: [1, 0], filter: "both = y" })).toEqual(["a"]);
    expect((await client.countVectors({ collectionId })).count).toBe(2n);
  });

  test("OK: deleted vectors are not found, by ids and by filter, and can come again", async () => {
    const { storage } = scene();
    const vectors = Array.from({ length: 9 }, (_, index) => ({
      vectorId: `v${index}`,
      values: [1, index],
      metadata: { odd: index % 2 === 1 },
    }));
    const { who, collectionId, client, found } = await filled(vectors);
    expect(await found({ vector: [1, 0] })).toHaveLength(9);
    const byFilter = await client.deleteVectors({ collectionId, filter: "odd = true" });
    const byIds = await client.deleteVectors({ collectionId, vectorIds: ["v0", "v0", "nothing"] });
    expect([byFilter.deletedCount, byIds.deletedCount]).toEqual([4n, 1n]);
    expect(await found({ vector: [1, 0] })).toEqual(["v2", "v4", "v6", "v8"]);
    await upsert(storage, who, collectionId, vectors.slice(0, 2));
    expect(await found({ vector: [1, 0], k: 2 })).toEqual(["v0", "v1"]);
    expect((await client.countVectors({ collectionId })).count).toBe(6n);
  });

  test("OK: a search sees what another process has written, as soon as its call has returned", async () => {
    const { storage, startAnother } = scene();
    const { who, collectionId, found } = await filled([{ vectorId: "a", values: [1, 0] }]);
    await using another = await startAnother();
    for (let index = 0; index < 20; index += 1) {
      const vectorId = `n${index}`;
      const [one, other] = index % 2 === 0 ? [another, storage] : [storage, another];
      await upsert(one, who, collectionId, [{ vectorId, values: [1, 1000 - index] }]);
      expect((await searchIds(other, who, { collectionId, vector: [1, 0], k: 50 })).at(0)).toBe("a");
      expect(await searchIds(other, who, { collectionId, vector: [1, 0], k: 50 })).toHaveLength(index + 2);
      if (index % 3 === 2) await vectorsOf(one, who).deleteVectors({ collectionId, vectorIds: [vectorId] });
      if (index % 3 === 2) await upsert(other, who, collectionId, [{ vectorId, values: [1, 5] }]);
    }
    expect(await found({ vector: [1, 0], k: 50 })).toHaveLength(21);
  });

  test("OK: races of upserts and deletions leave the search and the count as the vectors are", async () => {
    const { storage, startAnother } = scene();
    const { who, collectionId, client } = await filled([]);
    await using another = await startAnother();
    const work = Array.from({ length: 12 }, (_, index) => async () => {
      const service = index % 2 === 0 ? storage : another;
      const ids = Array.from({ length: 30 }, (_, at) => `v${(index * 7 + at) % 50}`);
      await upsert(
        service,
        who,
        collectionId,
        ids.map((vectorId) => ({ vectorId, values: [1, index] })),
      );
      await vectorsOf(service, who).deleteVectors({ collectionId, vectorIds: ids.slice(0, 10) });
    });
    await Promise.all(work.map((run) => run()));
    const [row] = await scene().sql`
      select count(*)::int, array_agg(vector_id order by vector_id) as ids
      from storage.vectors where collection_id = ${collectionId}`;
    expect((await client.countVectors({ collectionId })).count).toBe(BigInt(row?.count));
    for (const service of [storage, another]) {
      const ids = await searchIds(service, who, { collectionId, vector: [1, 1], k: 1000 });
      expect(ids.sort()).toEqual(row?.ids);
    }
  });

  test.each([Metric.COSINE, Metric.L2])(
    "OK: large and tiny values keep their nearness, metric %d",
    async (metric) => {
      const { client, collectionId } = await filled(
        [
          { vectorId: "huge", values: [1e15, 1e15] },
          { vectorId: "tiny", values: [1e-30, 0] },
          { vectorId: "mixed", values: [1e15, 1e-30] },
        ],
        { metric },
      );
      const vector = [1e-30, 1e-30];
      const { matches } = await client.searchVectors({ collectionId, vector, includeValues: true });
      const first = metric === Metric.COSINE ? "huge" : "tiny";
      expect(matches.at(0)?.vectorId).toBe(first);
      expect(matches.every((match) => Number.isFinite(match.score))).toBe(true);
      expect(matches.find(({ vectorId }) => vectorId === "tiny")?.values).toEqual([Math.fround(1e-30), 0]);
    },
  );

  test("OK: a collection of 3072 dimensions, and one of 16000", async () => {
    for (const dimension of [3072, 16_000]) {
      const next = createNumbers(3);
      const vectors = Array.from({ length: 40 }, (_, index) => ({
        vectorId: `v${index}`,
        values: Array.from({ length: dimension }, next),
      }));
      const { found } = await filled(vectors, { dimension });
      const vector = vectors[7]?.values ?? [];
      const best = expected(vectors, vector, Metric.COSINE).slice(0, 3);
      expect(await found({ vector, k: 3 })).toEqual(best.map(({ vectorId }) => vectorId));
    }
  });
}
