import { parseArgs } from "node:util";
import { downloadRow, upload } from "./bytes.ts";
import { edgeRows } from "./edge/rows.ts";
import { restUnary, restUnaryOneProcess } from "./rest-unary.ts";
import { resultRows } from "./results.ts";
import type { Row } from "./row.ts";
import { csvToParquet, postgresqlToParquet } from "./staging.ts";
import { createWorld } from "./world.ts";

// Prints how fast Sluice is beside what somebody would write by hand. Every line is a ratio of two speeds that were
// measured in turns in this run, so that it means the same on any machine; bare times would not.

const rows: readonly Row[] = [
  restUnary,
  restUnaryOneProcess,
  ...edgeRows,
  upload,
  downloadRow,
  csvToParquet,
  postgresqlToParquet,
  ...resultRows,
];

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, only: { type: "string", default: "" } },
});
const chosen = rows.filter(({ name, against }) => `${name}, against ${against}`.includes(values.only));

await using world = await createWorld();
const results = [];
for (const { name, against, target = null, missing, measure } of chosen) {
  if (!values.json) process.stdout.write(`${name}, against ${against}: `);
  const leftOut = missing?.();
  if (leftOut) {
    results.push({ name, against, ratio: null, target, leftOut });
    if (!values.json) console.log(`left out: ${leftOut}`);
    continue;
  }
  const { ratio, figures } = await measure(world);
  results.push({ name, against, ratio, target, figures });
  if (!values.json) console.log(describe(ratio, target));
}
if (values.json) console.log(JSON.stringify({ rows: results }));

function describe(ratio: number, target: number | null): string {
  if (target === null) return ratio.toFixed(2);
  return `${ratio.toFixed(2)} (target ${target}: ${ratio >= target ? "met" : "missed"})`;
}
