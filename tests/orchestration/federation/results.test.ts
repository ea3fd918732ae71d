import { create } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import {
  ResultFormat,
  StreamQueryRequestSchema,
} from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../../lib/for-file.ts";
import { readParquet } from "../extracts.ts";
import { executionUpstream } from "../lineage-graph.ts";
import { openScene, rowsOf } from "./scene.ts";

const scene = forFile(openScene);
const user = forFile(() => scene().user);

const sql = `SELECT r.region, sum(o.amount) AS amount FROM warehouse.public.orders o
  JOIN regions.regions r ON r.id = o.customer_id WHERE o.id < 100 GROUP BY 1 ORDER BY 1`;

async function stream(format: ResultFormat, options: { maxRows?: number } = {}) {
  const chunks: Uint8Array[] = [];
  let headers: Readonly<Record<string, string>> = {};
  const request = create(StreamQueryRequestSchema, { sql, format, ...options });
  for await (const { data, extensions } of user().executions.streamQuery(request)) {
    const [head] = extensions;
    if (head) headers = anyUnpack(head, HttpHeadSchema)?.headers ?? {};
    chunks.push(data);
  }
  return { bytes: Buffer.concat(chunks), headers };
}

test("OK: all rows in each format", async () => {
  const csv = (await stream(ResultFormat.CSV)).bytes.toString();
  expect(csv).toBe("region,amount\neast,472.50\nnorth,452.50\nsouth,462.50\n");
  const parquet = await readParquet((await stream(ResultFormat.PARQUET)).bytes);
  expect(parquet.map((row) => row.region)).toEqual(["east", "north", "south"]);
  const lines = (await stream(ResultFormat.NDJSON)).bytes.toString().trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).region)).toEqual(["east", "north", "south"]);
  const { bytes, headers } = await stream(ResultFormat.ARROW, { maxRows: 2 });
  expect(bytes.length).toBe(Number(headers["content-length"]));
  expect([headers["sluice-row-count"], headers["sluice-truncated"]]).toEqual(["2", "true"]);
});

test("OK: lineage has the tables and columns of all sources", async () => {
  const { executionId } = await user().executions.executeQuery({ sql });
  expect(await executionUpstream(user(), executionId)).toEqual({
    tables: ["public.orders", "regions"],
    columns: [
      "public.orders.amount > amount AGGREGATION",
      "public.orders.customer_id > * JOIN",
      "public.orders.id > * FILTER",
      "regions.id > * JOIN",
      "regions.region > * GROUP_BY",
      "regions.region > * SORT",
      "regions.region > region IDENTITY",
    ],
  });
});

test("OK: common table expressions, subqueries, windows and set operations over sources", async () => {
  const orders = "warehouse.public.orders";
  expect(
    await rowsOf(
      user(),
      `WITH RECURSIVE big AS (SELECT id, customer_id FROM ${orders} WHERE id >= 990),
         steps AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM steps, big WHERE n < 3 AND big.id = 990)
       SELECT (SELECT count(*) FROM big), (SELECT max(n) FROM steps), (SELECT count(*) FROM ${orders} WHERE id < 10)`,
    ),
  ).toEqual([["10", 3, "10"]]);
  expect(
    await rowsOf(
      user(),
      `SELECT region, (SELECT max(id) FROM ${orders} o WHERE o.customer_id = r.id) AS last FROM regions.regions r
       WHERE EXISTS (SELECT 1 FROM ${orders} o WHERE o.customer_id = r.id AND o.id > 990) ORDER BY 1`,
    ),
  ).toEqual([
    ["east", 992],
    ["south", 991],
  ]);
  expect(
    await rowsOf(
      user(),
      `SELECT id FROM ${orders} WHERE id < 2 UNION ALL SELECT id FROM regions.regions
       EXCEPT SELECT customer_id FROM lite.ratings ORDER BY 1`,
    ),
  ).toEqual([["0"]]);
  expect(
    await rowsOf(
      user(),
      `SELECT o.id, r.region FROM ${orders} o LEFT JOIN regions.regions r ON r.id = o.id AND r.region <> 'north'
       WHERE o.id <= 3 ORDER BY 1`,
    ),
  ).toEqual([
    [0, null],
    [1, "south"],
    [2, "east"],
    [3, null],
  ]);
  expect(
    await rowsOf(
      user(),
      `SELECT id, lag(id) OVER (ORDER BY id) FROM ${orders} QUALIFY row_number() OVER (ORDER BY id DESC) = 1`,
    ),
  ).toEqual([[999, 998]]);
  expect(await rowsOf(user(), `SELECT id FROM ${orders} WHERE false`)).toEqual([]);
  expect(
    await rowsOf(
      user(),
      `FROM (SELECT customer_id, id FROM ${orders} WHERE id < 20) PIVOT (count(*) FOR customer_id IN (1, 2)) LIMIT 1`,
    ),
  ).toHaveLength(1);
});
