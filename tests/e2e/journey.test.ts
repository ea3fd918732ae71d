import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { runScript, startMesh, startWarehouse } from "./mesh-process.ts";

const readme = await readFile("README.md", "utf8");
const blocks = [...readme.matchAll(/```sh journey\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");

/** Output of the README's commands, in this order. */
const seen = [
  // Who am I, a colleague, another organisation.
  '"roles":["admin","platform-admin"]',
  '"email":"grace@example.org","displayName":"Grace","roles":["approver"]',
  '"name":"lab"',
  // A file, its head, its first and its last line, and that a copy is still fresh.
  '"name":"seattle-weather.csv","contentType":"text/csv","sizeBytes":"48219"',
  "HTTP/1.1 200 OK",
  'etag: "0845078a290b48e3149ab8639966824110a251db4e06fc144c06ebb534af23be"',
  "content-length: 48219",
  "\ndate,precipitation,temp_max,temp_min,wind,weather\n",
  "\n2015-12-31,0.0,5.6,-2.1,3.5,sun\n",
  "\n304\n",
  // A quota that refuses, and takes nothing for it.
  '{"usedBytes":"48219","reservedBytes":"0","fileCount":"1","limitBytes":"1099511627776"}',
  '"reason":"QUOTA_EXCEEDED","domain":"sluice","metadata":{"limit_bytes":"100000","used_bytes":"48219"',
  "\n413\n",
  '{"usedBytes":"48219","reservedBytes":"0","fileCount":"1","limitBytes":"1099511627776"}',
  // The catalog, and queries over REST, Connect and gRPC.
  '{"name":"date","dataType":"DATE","nullable":true}',
  '"rows":[["rain","641","35.6"],["sun","640","35.0"],["fog","101","30.6"]],"truncated":true',
  '200 [["1461"]]',
  '"dataType": "DATE"',
  // JSON and Parquet.
  '"rows":[["406"]]',
  '"rows":[["3000000"]]',
  // A database.
  '"connected":true,"reason":"","serverVersion":"PostgreSQL 18',
  '"schemaName":"public","name":"airports","columns":[{"name":"iata","dataType":"text","nullable":false}',
  '"rows":[["AK","263"],["TX","209"],["CA","205"]]',
  '"reason":"STATEMENT_REFUSED"',
  // A table in Parquet, its manifest, and rows of it by a reader that is not ours.
  '"state":"JOB_STATE_SUCCEEDED","errorMessage":"","progress":{"rowCount":"3376"',
  '{"name":"iata","sourceType":"text","dataType":"VARCHAR","nullable":false}',
  '[{"iata":"00M","city":"Bay Springs"},{"iata":"00R","city":"Livingston"}]',
  // A release: valid, too early, in review, not by its maker, approved, and published.
  '"state":"PROJECT_STATE_VALIDATED"',
  '"tables":[{"tableId":',
  '"reason":"APPROVAL_MISSING"',
  '"state":"PROJECT_STATE_IN_REVIEW"',
  '"reason":"SELF_REVIEW"',
  '"decision":"DECISION_APPROVED"',
  '"state":"PROJECT_STATE_PUBLISHED"',
  "/weather/part-00000.parquet",
  // Where it comes from, and who did what.
  '"kind":"LINEAGE_KIND_TABLE"',
  '{"fromColumn":"date"',
  '"type":"EVENT_TYPE_APPROVED"',
  '{"valid":true,"eventCount":"8"',
];

describe.each(["one process", "separate processes"] as const)("in %s", (mode) => {
  test("OK: the README's journey over REST, Connect and gRPC", { timeout: 240_000 }, async () => {
    await using warehouse = await startWarehouse();
    await using mesh = await startMesh(mode, "a long first password");
    const script = blocks
      .join("\n")
      .replaceAll("http://127.0.0.1:8080", mesh.url)
      .replaceAll("54320", warehouse.port);

    const { code, output } = await runScript(script);

    expect(inOrder(output, seen), output).toEqual(seen);
    const [hash] = /^[0-9a-f]{64}(?= {2}-$)/m.exec(output) ?? [];
    expect(output, "the file has the hash that its publication says").toContain(`\n${hash}\n${hash}  -\n`);
    expect(code).toBe(0);
  });
});

/** The patterns found in the text in this order, up to the first that is missing. */
function inOrder(text: string, pieces: readonly string[]): string[] {
  let at = 0;
  const missing = pieces.findIndex((piece) => {
    const found = text.indexOf(piece, at);
    // The end of a line is the start of the next one.
    at = found + piece.trimEnd().length;
    return found < 0;
  });
  return pieces.slice(0, missing < 0 ? pieces.length : missing);
}
