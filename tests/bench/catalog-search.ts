import { randomBytes, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { drizzle } from "drizzle-orm/postgres-js";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { addTables, nameOf } from "../orchestration/many-tables.ts";
import { median } from "./compare.ts";
import { post } from "./http-load.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

// Searches of every kind, one after another, through the edge.

const tableCount = 100_000;
const searchCount = 400;

export const catalogSearchRow: Row = {
  name: `p95 of a search of ${tableCount.toLocaleString("en")} tables with ten columns each, separate processes`,
  target: { atMost: 50 },
  async measure(world) {
    const mesh = await world.separateProcesses();
    const seed = `seed-${randomBytes(8).toString("hex")}`;
    await post(mesh.target(`/api/v1/storage/files?name=${seed}`), Readable.from([randomBytes(16)]), 16);
    const count = world.rowsOf(tableCount);
    await fill(world, seed, count);
    const { url, headers } = mesh.target("/api/v1/catalog:search");
    const timesByKind: Record<string, number[]> = {};
    for (let at = 0; at < searchCount; at++) {
      for (const [kind, request] of Object.entries(requestsOf((at * 7919) % count))) {
        const beganMs = performance.now();
        const response = await fetch(url, {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body: JSON.stringify(request),
        });
        await response.text();
        if (response.status !== 200) throw new Error(`a search is answered with ${response.status}`);
        timesByKind[kind] = [...(timesByKind[kind] ?? []), performance.now() - beganMs];
      }
    }
    const all = Object.values(timesByKind).flat();
    const kinds = Object.entries(timesByKind).map(([kind, times]) => [kind, p95Of(times)]);
    return {
      value: p95Of(all),
      unit: "ms",
      figures: { median: median(all), searches: all.length, ...Object.fromEntries(kinds) },
    };
  },
};

/** One search of each kind. */
const requestsOf = (number: number): Readonly<Record<string, object>> => ({
  name: { query: nameOf(number) },
  prefix: { query: nameOf(number).slice(0, 18) },
  words: { query: `table ${number}` },
  everywhere: { query: "id" },
  columns: { query: `customer status attribute ${number % 1000}` },
  letters: { query: "cu" },
  typo: { query: `custmoer tabel ${number}` },
  filtered: { query: "customer", tags: ["rare1"], schemaName: `schema_${number % 20}` },
  none: { query: "zebra quux" },
});

const p95Of = (times: readonly number[]): number =>
  times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)] ?? Number.NaN;

async function fill(world: World, seed: string, count: number): Promise<void> {
  const sql = connectPostgres(world.databaseUrl, { max: 1 });
  try {
    const [file] = await sql`select org_id from storage.files where name = ${seed}`;
    await addTables(drizzle({ client: sql }), file?.org_id, randomUUID(), count);
    await sql`vacuum analyze orchestration.table_search`;
    await sql`vacuum analyze orchestration.search_words`;
  } finally {
    await sql.end();
  }
}
