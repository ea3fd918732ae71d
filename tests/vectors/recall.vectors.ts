import type postgres from "postgres";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { startExact, startIndexed } from "../storage/vector-engine-fixtures.ts";
import { createCollection, searchIds, upsert } from "../storage/vector-fixtures.ts";
import { dimension, type Gloss, readGlosses } from "./embeddings.ts";

// Glosses of WordNet, embedded by all-MiniLM-L6-v2: the nearest ten of each engine against those of a look at all.

const k = 10;
const queryCount = 100;

describe("exact", () => recallSuite(startExact, 1));
describe("pgvector", () => recallSuite(startIndexed, 0.95));

type Filter = { readonly text: string; readonly matches: (gloss: Gloss) => boolean };

const filters: readonly Filter[] = [
  { text: "", matches: () => true },
  { text: "part = verb", matches: ({ part }) => part === "verb" },
  { text: "part != noun AND field > 1", matches: ({ part, field }) => part !== "noun" && field > 1 },
  { text: "field = 5", matches: ({ field }) => field === 5 },
  { text: "field = 24 OR field = 28", matches: ({ field }) => field === 24 || field === 28 },
];

/** The recall is that of the index only if searches use it. */
async function expectIndexed({
  sql,
  collectionId,
}: {
  sql: postgres.Sql;
  collectionId: string;
}): Promise<void> {
  const name = `vectors_of_${collectionId.replaceAll("-", "")}_near`;
  const scans = async () => {
    const [row] =
      await sql`select idx_scan::int as scans from pg_stat_user_indexes where indexrelname = ${name}`;
    return row?.scans;
  };
  await expect.poll(scans, { timeout: 60_000 }).toBeGreaterThan(0);
}

function recallSuite(start: typeof startExact, recallMin: number): void {
  const scene = forFile(async () => {
    const engine = await start();
    const glosses = await readGlosses();
    const [stored, queries] = [glosses.slice(0, -queryCount), glosses.slice(-queryCount)];
    const who = principal();
    const collectionId = await createCollection(engine.storage, who, { dimension });
    const vectors = stored.map(({ id, part, field, values }) => ({
      vectorId: id,
      values,
      metadata: { part, field },
    }));
    await upsert(engine.storage, who, collectionId, vectors);
    return { ...engine, stored, queries, who, collectionId };
  });

  test.each(filters)("OK: recall of the nearest ten, filter $text", async ({ text, matches }) => {
    const { storage, sql, stored, queries, who, collectionId } = scene();
    if (recallMin < 1) {
      const isIndexed = async () => {
        const [row] = await sql`
          select is_indexed from storage.vector_collections where collection_id = ${collectionId}`;
        return row?.is_indexed;
      };
      await expect.poll(isIndexed, { timeout: 300_000 }).toBe(true);
    }
    const candidates = stored.filter(matches);
    const wantedCount = Math.min(k, candidates.length);
    let hits = 0;
    for (const { values } of queries) {
      const wanted = new Set(nearest(candidates, values));
      const found = await searchIds(storage, who, { collectionId, vector: values, k, filter: text });
      expect(found).toHaveLength(wantedCount);
      hits += found.filter((id) => wanted.has(id)).length;
    }
    const recall = hits / (queries.length * wantedCount);
    console.log(`recall at ${k}, ${recallMin === 1 ? "exact" : "pgvector"}, "${text}": ${recall}`);
    expect(candidates.length).toBeGreaterThan(k);
    expect(recall).toBeGreaterThanOrEqual(recallMin);
    if (recallMin < 1 && text === "") await expectIndexed(scene());
  });
}

/** Ids of the nearest ten, in doubles. */
function nearest(candidates: readonly Gloss[], query: readonly number[]): string[] {
  const scored = candidates.map(({ id, values }) => ({ id, score: cosine(values, query) }));
  return scored
    .sort((one, other) => other.score - one.score)
    .slice(0, k)
    .map(({ id }) => id);
}

function cosine(left: readonly number[], right: readonly number[]): number {
  let [dot, one, other] = [0, 0, 0];
  for (const [index, value] of left.entries()) {
    const second = right[index] ?? 0;
    dot += value * second;
    one += value * value;
    other += second * second;
  }
  return dot / Math.sqrt(one * other);
}
