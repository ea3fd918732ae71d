import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileFormat } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { type ForeignDatabase, startForeignDatabase } from "../orchestration/foreign-database.ts";
import { findDifference, type Input, inputs, losing, stageTable } from "./check-table.ts";
import { type Python, startPython } from "./python.ts";
import { type Table, tables } from "./tables.ts";
import { startWorld, type World } from "./world.ts";

/** Number of tables per format and their seed, which is random unless it is set. */
const numRuns = Number(process.env.EXACT_TABLES ?? 5);
const seed = Number(process.env.EXACT_SEED ?? Date.now() % 2 ** 31);

const stack = new AsyncDisposableStack();
let world: World;
let foreign: ForeignDatabase;
let python: Python;
let folder: string;
beforeAll(async () => {
  world = stack.use(await startWorld());
  foreign = stack.use(await startForeignDatabase());
  python = stack.use(startPython());
  folder = stack.use(await temporaryFolder()).path;
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Readers of the formats that a job writes. */
const outputs = [
  { format: FileFormat.PARQUET, name: "table.parquet", readAs: "parquet" },
  { format: FileFormat.CSV, name: "table.csv", readAs: "csv-text" },
] as const;

async function checkReadBack(table: Table, input: Input): Promise<void> {
  for (const { format, name, readAs } of outputs) {
    const path = join(folder, name);
    await writeFile(path, await stageTable(world, foreign, table, input, format));
    for (const reader of ["pyarrow", "polars"] as const) {
      const read = await python.read({ reader, path, format: readAs });
      if (read.refused !== undefined) throw new Error(`${reader} refused ${name}: ${read.refused}`);
      const names = read.columns.map((column) => column.name);
      expect(findDifference(table, { names, rows: read.rows }), `${reader}, ${name}`).toBeUndefined();
    }
  }
}

for (const input of inputs) {
  const check = losing.includes(input) ? test.fails : test;
  check(
    `OK: pyarrow and polars read random tables out of ${input} as they were, with the seed ${seed}`,
    async () => {
      const property = fc.asyncProperty(tables, (table) => checkReadBack(table, input));
      await fc.assert(property, { numRuns, seed, endOnFailure: true });
    },
  );
}
