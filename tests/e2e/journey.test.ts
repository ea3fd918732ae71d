import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { inOrder } from "./in-order.ts";
import { runScript, startMesh, startWarehouse } from "./mesh-process.ts";

const page = await readFile("docs/journey-by-http.md", "utf8");
const blocks = [...page.matchAll(/```sh journey\n([\s\S]*?)```/g)].map(([, block]) => block ?? "");

/** Output of the page's commands, in this order. */
const seen = [
  // The login, a colleague, a second organisation.
  '"roles":["admin","platform-admin"]',
  '"email":"grace@example.org","displayName":"Grace","roles":["approver"]',
  '"name":"lab"',
  // A file: its headers, its first and last line, and a revalidation.
  '"name":"seattle-weather.csv","contentType":"text/csv","sizeBytes":"48219"',
  "HTTP/1.1 200 OK",
  'etag: "0845078a290b48e3149ab8639966824110a251db4e06fc144c06ebb534af23be"',
  "content-length: 48219",
  "\ndate,precipitation,temp_max,temp_min,wind,weather\n",
  "\n2015-12-31,0.0,5.6,-2.1,3.5,sun\n",
  "\n304\n",
  // An exceeded quota, which stores nothing.
  '{"usedBytes":"48219","reservedBytes":"0","fileCount":"1","limitBytes":"1099511627776","reservedFiles":"0"',
  '"reason":"QUOTA_EXCEEDED","domain":"sluice","metadata":{"limit_bytes":"100000","used_bytes":"48219"',
  "\n413\n",
  '{"usedBytes":"48219","reservedBytes":"0","fileCount":"1","limitBytes":"1099511627776","reservedFiles":"0"',
  // The catalog, and queries over REST, Connect and gRPC.
  '{"name":"date","dataType":"DATE","nullable":true,"comment":""}',
  '"rows":[["rain","641","35.6"],["sun","640","35.0"],["fog","101","30.6"]],"truncated":true',
  '200 [["1461"]]',
  '"dataType": "DATE"',
  // JSON and Parquet.
  '"rows":[["406"]]',
  '"rows":[["3000000"]]',
  // A database.
  '"connected":true,"reason":"","serverVersion":"PostgreSQL 18',
  '"schemaName":"public","name":"airports","columns":[{"name":"iata","dataType":"text","nullable":false,"comment":""}',
  '"rows":[["AK","263"],["TX","209"],["CA","205"]]',
  '"reason":"STATEMENT_REFUSED"',
  // A staged table: its manifest, and rows read by a third-party library.
  '"state":"JOB_STATE_SUCCEEDED","errorMessage":"","progress":{"rowCount":"3376"',
  '{"name":"iata","sourceType":"text","dataType":"VARCHAR","nullable":false}',
  '[{"iata":"00M","city":"Bay Springs"},{"iata":"00R","city":"Livingston"}]',
  // A release: validated, published too early, in review, reviewed by its author, approved, published.
  '"state":"PROJECT_STATE_VALIDATED"',
  '"tables":[{"tableId":',
  '"reason":"APPROVAL_MISSING"',
  '"state":"PROJECT_STATE_IN_REVIEW"',
  '"reason":"SELF_REVIEW"',
  '"decision":"DECISION_APPROVED"',
  '"state":"PROJECT_STATE_PUBLISHED"',
  "/weather/part-00000.parquet",
  // Lineage and events.
  '"kind":"LINEAGE_KIND_TABLE"',
  '{"fromColumn":"date"',
  '"type":"EVENT_TYPE_APPROVED"',
  '{"valid":true,"chains":[{"service":"approval","valid":true,"eventCount":"8"',
];

describe.each(["one process", "separate processes"] as const)("in %s", (mode) => {
  test("OK: the journey over REST, Connect and gRPC, as docs/journey-by-http.md tells it", {
    timeout: 240_000,
  }, async () => {
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
