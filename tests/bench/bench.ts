import { parseArgs } from "node:util";
import { memoryAtRest, processorAtRest } from "./at-rest.ts";
import { downloadRow, upload } from "./bytes.ts";
import { catalogSearchRow } from "./catalog-search.ts";
import { csvRows } from "./csv-rows.ts";
import { edgeRows } from "./edge/rows.ts";
import { encryptedRows } from "./encrypted.ts";
import { lineageRows } from "./lineage.ts";
import { listingRow } from "./listing.ts";
import { modelRows } from "./models.ts";
import { postgresqlRows } from "./postgresql.ts";
import { rangeRows } from "./ranges.ts";
import { describeMachine, describeResult, type Result } from "./report.ts";
import { restUnary, restUnaryOneProcess } from "./rest-unary.ts";
import { resultRows } from "./results.ts";
import { type Row, titleOf } from "./row.ts";
import { s3Rows } from "./s3.ts";
import { slowReaderRows } from "./slow-readers.ts";
import { smallQueryRows } from "./small-queries.ts";
import { uploadRows } from "./small-uploads.ts";
import { vectorRows } from "./vectors.ts";
import { createWorld, type World } from "./world.ts";

// Compares Sluice's speed with alternatives. Both sides of a ratio are measured alternately in the same run, so that ratios are
// comparable between machines; absolute times are not.

const allRows: readonly Row[] = [
  restUnary,
  restUnaryOneProcess,
  ...edgeRows,
  upload,
  downloadRow,
  ...rangeRows,
  ...encryptedRows,
  ...s3Rows,
  ...lineageRows,
  listingRow,
  catalogSearchRow,
  ...slowReaderRows,
  ...uploadRows,
  ...resultRows,
  ...csvRows,
  ...postgresqlRows,
  ...smallQueryRows,
  ...vectorRows,
  ...modelRows,
  memoryAtRest,
  processorAtRest,
];

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    list: { type: "boolean", default: false },
  },
});
// Fewer rounds than the default, for large tables or a busy machine.
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const chosen = allRows.filter((row) => titleOf(row).includes(values.only));
if (values.list) console.log(chosen.map(titleOf).join("\n"));
else await measureAll();

async function measureAll(): Promise<void> {
  const print = values.json ? () => {} : (text: string) => process.stdout.write(text);
  const results: Result[] = [];
  if (values.quick)
    print("--quick: tables have a fiftieth of the rows, so these figures can't be compared.\n");
  await using world = await createWorld({ quick: values.quick, rounds });
  endWith(world);
  for (const row of chosen) {
    print(`${titleOf(row)}: `);
    const result = await measureOne(row, world);
    results.push(result);
    print(`${describeResult(result)}\n`);
  }
  if (values.json) {
    console.log(JSON.stringify({ machine: describeMachine(), quick: values.quick, rows: results }));
  }
}

/** Meshes and servers run in sessions of their own, so Ctrl-C does not reach them. */
function endWith(world: World): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      await world[Symbol.asyncDispose]();
      process.exit(1);
    });
  }
}

/** After a failed row the others still run, and the exit code is 1. */
async function measureOne(row: Row, world: World): Promise<Result> {
  const { name, against = null, target = null } = row;
  const leftOut = row.missing?.();
  if (leftOut) return { name, against, target, ratio: null, leftOut };
  try {
    return { name, against, target, ratio: null, ...(await row.measure(world)) };
  } catch (error) {
    process.exitCode = 1;
    return {
      name,
      against,
      target,
      ratio: null,
      failed: error instanceof Error ? error.message : `${error}`,
    };
  }
}
