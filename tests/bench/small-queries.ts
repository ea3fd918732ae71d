import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { createSource, query, storeFile } from "./calls.ts";
import { compare, type Figure, median, speedOf } from "./compare.ts";
import { contentOf, ordersCsv } from "./orders-csv.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

// Queries of a dashboard: many, each over little data.

const smallRows = 1_000;
const connections = 8;
const queriesAlone = 60;
const queriesTogether = 200;
const warmUps = 10;

const largeRows = 1_000_000;
const largeRounds = 15;

const keptRows = 5_000_000;
const keptRounds = 20;

const sqlOf = (from: string): string =>
  `SELECT country, count(*) AS orders, sum(amount) AS amount FROM ${from} GROUP BY country ORDER BY country`;
const table = "orders";

export const smallQueryRows: readonly Row[] = [
  {
    name: "query of a file of 1,000 rows, one at a time: p50",
    target: { atMost: 25 },
    measure: async (world) => latencyOf(await sourceOf(world, smallRows)),
  },
  {
    name: "query of a file of 1,000 rows, 8 connections: queries a second",
    target: { atLeast: 60 },
    measure: async (world) => throughputOf(await sourceOf(world, smallRows)),
  },
  {
    name: "query of a file of 1,000,000 rows",
    against: "one warm DuckDB on Parquet",
    // At most 1.3 times the other's time.
    target: 0.77,
    measure: compareLarge,
  },
  {
    name: "query of a file of 5,000,000 rows whose result is kept: p50",
    target: { atMost: 25 },
    measure: async (world) => keptOf(world, world.rowsOf(keptRows)),
  },
  {
    name: "query of a file of 1,000 rows whose result is kept: p50",
    target: { atMost: 25 },
    measure: async (world) => keptOf(world, smallRows),
  },
];

type RunQuery = () => Promise<unknown>;

async function sourceOf(world: World, rowCount: number): Promise<RunQuery> {
  const mesh = await world.oneProcess();
  const content = contentOf(await ordersCsv(rowCount));
  const fileId = await storeFile(mesh, content.name, content.stream(), content.sizeBytes);
  const source = await createSource(mesh, "file", { fileId, tableName: table });
  return () => query(mesh, source, sqlOf(table));
}

async function latencyOf(ask: RunQuery): Promise<Figure> {
  const times: number[] = [];
  for (let index = 0; index < warmUps + queriesAlone; index++) {
    const beganMs = performance.now();
    await ask();
    if (index >= warmUps) times.push(performance.now() - beganMs);
  }
  const p95 = times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.95)] ?? Number.NaN;
  return { value: median(times), unit: "ms", figures: { p95, queries: queriesAlone } };
}

/** Times of an answer from the cache, of one that is not there, and of one without a look into it. */
async function keptOf(world: World, rowCount: number): Promise<Figure> {
  const mesh = await world.oneProcess();
  const content = contentOf(await ordersCsv(rowCount));
  const fileId = await storeFile(mesh, content.name, content.stream(), content.sizeBytes);
  const sourceId = await createSource(mesh, "file", { fileId, tableName: table });
  const p50Of = async (execute: (round: number) => object) => {
    const times: number[] = [];
    for (let round = 0; round < keptRounds; round++) {
      const beganMs = performance.now();
      await mesh.call("POST", "/api/v1/execute", { sourceId, sql: sqlOf(table), ...execute(round) });
      times.push(performance.now() - beganMs);
    }
    return median(times);
  };
  const computed = await p50Of(() => ({ noCache: true }));
  // Another limit of rows is another result of the same statement.
  const missed = await p50Of((round) => ({ maxRows: 1001 + round }));
  const value = await p50Of(() => ({}));
  return { value, unit: "ms", figures: { computed, missed, rounds: keptRounds } };
}

async function throughputOf(ask: RunQuery): Promise<Figure> {
  const work = async (count: number) => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await ask();
    };
    await Promise.all(Array.from({ length: connections }, lane));
  };
  await work(warmUps);
  const value = await speedOf(queriesTogether, () => work(queriesTogether));
  return { value, unit: "/s", figures: { connections, queries: queriesTogether } };
}

async function compareLarge(world: World) {
  const ask = await sourceOf(world, world.rowsOf(largeRows));
  const parquet = await parquetOf(world);
  const instance = await DuckDBInstance.create(":memory:");
  const warm = await instance.connect();
  const direct = async () => (await warm.run(sqlOf(`'${parquet}'`))).getRows();
  const result = await compare(
    () => speedOf(1, ask),
    () => speedOf(1, direct),
    largeRounds,
  );
  warm.closeSync();
  instance.closeSync();
  await rm(parquet);
  return result;
}

async function parquetOf(world: World): Promise<string> {
  const { path } = await ordersCsv(world.rowsOf(largeRows));
  const out = join(world.folder, "warm.parquet");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (FROM read_csv('${path}')) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`);
  connection.closeSync();
  instance.closeSync();
  return out;
}
