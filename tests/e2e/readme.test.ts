import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { inOrder } from "./in-order.ts";
import { runScript, startMesh, startWarehouse } from "./mesh-process.ts";

const readme = await readFile("README.md", "utf8");
const blocks = [...readme.matchAll(/```sh journey\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");

/** Output of the README's commands, in this order. */
const seen = [
  "as admin@sluice.local, context admin",
  "grace@example.org",
  "lab",
  "seattle-weather.csv",
  "0845078a290b48e3149ab8639966824110a251db4e06fc144c06ebb534af23be",
  "date,precipitation,temp_max,temp_min,wind,weather\n2012-01-01",
  "47.1 KiB of 1.00 TiB (0 %)",
  // The source: its settings, its first rows, the catalog, queries.
  '"tableName":"weather"',
  "2012-01-01            0.0",
  "2 of 1,461 rows of weather",
  "added    weather",
  "weather  days  hottest\nrain      641     35.6\nsun       640     35.0\nfog       101     30.6\n",
  "date,temp_max\n",
  '"rowCount":"1461"',
  // JSON and Parquet.
  "count\n  406\n",
  "  count\n3000000\n",
  // A database.
  "postgresql:127.0.0.1:",
  "PostgreSQL 18",
  "added    public.airports",
  "AK          263\nTX          209\nCA          205\n",
  "error: ",
  "exit code 7",
  // A staged table.
  "public.airports-00000.parquet is complete and verified",
  "columns  iata VARCHAR not null",
  // A release, with each step and its state.
  "[draft] → validated",
  "[validated]",
  "/weather/part-00000.parquet",
  "[packaged]",
  "what to do: `sluice projects get <project>` shows the next step",
  "exit code 6",
  "[in review]",
  "what to do: ask another user",
  "exit code 4",
  "as grace@example.org, context grace",
  "[approved]",
  "/weather/part-00000.parquet",
  "[published]",
  "└── job Seattle weather",
  "temp_max → temp_max",
  "publish started",
  "approval  yes",
  "identity  yes",
];

test("OK: the README's journey with the command line", { timeout: 480_000 }, async () => {
  await using folder = await temporaryFolder();
  await using warehouse = await startWarehouse();
  await using mesh = await startMesh("one process", "a long first password");
  const script = blocks.join("\n").replaceAll("54320", warehouse.port);

  const { code, output } = await runScript(script, {
    SLUICE_SERVER: mesh.url,
    SLUICE_CONFIG_DIR: folder.path,
  });

  expect(inOrder(output, seen), output).toEqual(seen);
  expect(code, output).toBe(0);
});
