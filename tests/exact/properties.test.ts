import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileFormat } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type ForeignDatabase, startForeignDatabase } from "../orchestration/foreign-database.ts";
import { findDifference, type Input, inputs, losing, stageTable } from "./check-table.ts";
import { readParquetExactly } from "./exact-parquet.ts";
import { type Table, tables } from "./tables.ts";
import { startWorld, type World } from "./world.ts";
import { parseCsv } from "./write-tables.ts";

/** Number of tables per format and their seed. */
const numRuns = Number(process.env.EXACT_TABLES ?? 1);
const seed = Number(process.env.EXACT_SEED ?? 20_261_129);

let world: World;
let foreign: ForeignDatabase;
beforeAll(async () => {
  world = await startWorld();
  foreign = await startForeignDatabase();
});
afterAll(async () => {
  await foreign[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function checkParquet(table: Table, input: Input): Promise<void> {
  const bytes = await stageTable(world, foreign, table, input, FileFormat.PARQUET);
  const { columns, rows } = await readParquetExactly(bytes);
  expect(findDifference(table, { names: columns.map(({ name }) => name), rows })).toBeUndefined();
  const asText = table.columns.filter(({ kind }, index) => kind.isFound && columns[index]?.isText);
  // JSON has no types of dates and times.
  const untyped = asText.filter(({ kind }) => kind.isLiteral || !["json", "ndjson"].includes(input));
  expect(untyped.map(({ kind }) => kind.type)).toEqual([]);
}

async function checkCsv(table: Table, input: Input): Promise<void> {
  const bytes = await stageTable(world, foreign, table, input, FileFormat.CSV);
  const [names = [], ...rows] = parseCsv(bytes.toString());
  expect(findDifference(table, { names: names.map(String), rows })).toBeUndefined();
}

for (const input of inputs) {
  const check = losing.includes(input) ? test.fails : test;
  check(
    `OK: random tables of every type, out of ${input} into Parquet and CSV, with the seed ${seed}`,
    async () => {
      const property = fc.asyncProperty(tables, async (table) => {
        await checkParquet(table, input);
        await checkCsv(table, input);
      });
      // No shrinking: a smaller table takes as long as a large one.
      await fc.assert(property, { numRuns, seed, endOnFailure: true });
    },
    600_000,
  );
}
