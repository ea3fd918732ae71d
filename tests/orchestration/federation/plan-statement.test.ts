import { expect, test } from "vitest";
import { planStatement } from "../../../services/orchestration/engine/catalog/plan-statement.ts";

const events = {
  name: { catalog: "warehouse", schema: "public", name: "events" },
  columns: [
    { name: "id", dataType: "INTEGER" },
    { name: "ts", dataType: "TIMESTAMP WITH TIME ZONE" },
    { name: "d", dataType: "DATE" },
    { name: "note", dataType: "VARCHAR" },
  ],
};

/** The scans of a statement that ends so. */
async function scansOf(end: string, maxRows?: number) {
  const { scans } = await planStatement({
    kind: "planCatalog",
    path: "",
    fileName: "the statement",
    spillDirectory: "/nonexistent",
    memoryBytes: 1024 ** 3,
    sql: `SELECT id FROM warehouse.public.events ${end}`,
    tables: [events],
    maxRows,
  });
  return scans;
}

test("OK: a statement that is the same each time pushes its conditions and its limit", async () => {
  const predicates = [
    { column: "ts", operator: ">=", values: ["2024-01-01 00:00:00.000000+00"] },
    { column: "ts", operator: "is not null", values: [] },
  ];
  const [scan] = await scansOf("WHERE ts >= TIMESTAMPTZ '2024-01-01 00:00:00+00'", 5);
  expect(scan).toMatchObject({ columns: ["id", "ts"], limit: 6 });
  expect(predicates).toEqual(expect.arrayContaining([...(scan?.predicates ?? [])]));
  expect(scan?.predicates).not.toEqual([]);
});

test.each([
  ["WHERE ts >= now() - INTERVAL 5 MINUTE", ["id", "ts"]],
  ["WHERE d = current_date", ["id", "d"]],
  ["WHERE id = 3 AND random() < 0.5", ["id"]],
  // What is false now, and what is not chosen now, may be needed when the statement runs.
  ["WHERE now() < TIMESTAMPTZ '2020-01-01 00:00:00+00'", ["id"]],
  [
    "WHERE CASE WHEN now() < TIMESTAMPTZ '2020-01-01 00:00:00+00' THEN d IS NULL ELSE id = 1 END",
    ["id", "d"],
  ],
  ["LIMIT CASE WHEN random() < 2 THEN 3 END", ["id"]],
])("OK: %s pushes columns only", async (end, columns) => {
  const table = { table: 0, predicates: [], isComplete: false };
  const scans = await scansOf(end, 5);
  expect(scans.map((scan) => ({ ...scan, columns: scan.columns.toSorted() }))).toEqual([
    { ...table, columns: columns.toSorted() },
  ]);
});
