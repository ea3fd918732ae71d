import { join } from "node:path";
import { expect, test } from "vitest";
import type { TypedColumn } from "../../services/orchestration/engine/protocol.ts";
import { readStatistics } from "../../services/orchestration/engine/tasks/read-statistics.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { writeParquet } from "./engines.ts";
import { memoryBytes } from "./statement-runner.ts";

const rowsPerGroup = 2048;

type WrittenColumn = TypedColumn & { expression: string };

const cutOf = (from: number, to: number) => ({
  groups: { from, to },
  rows: { from: from * rowsPerGroup, to: to * rowsPerGroup },
});

/** Column statistics of cuts of a file with four row groups. Default: the second and third. */
async function statisticsOfCuts(columns: readonly WrittenColumn[], cuts = [cutOf(1, 3)]) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "rows.parquet");
  const list = columns.map(({ name, dataType, expression }) => `(${expression})::${dataType} AS "${name}"`);
  await writeParquet(
    path,
    `SELECT ${list.join(", ")} FROM range(${4 * rowsPerGroup}) AS t(n)`,
    `, PARQUET_VERSION v2, ROW_GROUP_SIZE ${rowsPerGroup}`,
  );
  const known = await readStatistics({
    kind: "statistics",
    path,
    fileName: "rows.parquet",
    spillDirectory: join(folder.path, "spill"),
    memoryBytes,
    cuts,
    columns,
  });
  return known.map((cut) =>
    Object.fromEntries(cut.map(({ name, nullCount, min, max }) => [name, [nullCount, min, max]])),
  );
}

const statisticsOf = async (columns: readonly WrittenColumn[]) => (await statisticsOfCuts(columns))[0];

test("OK: smallest and largest by the column's type, not by their text", async () => {
  const columns = [
    { name: "integer", dataType: "BIGINT", expression: "n" },
    { name: "negative", dataType: "DECIMAL(18,2)", expression: "-n / 4" },
    { name: "double", dataType: "DOUBLE", expression: "n / 2" },
    { name: "day", dataType: "DATE", expression: "DATE '2020-01-01' + n::INTEGER" },
    { name: "at", dataType: "TIMESTAMP WITH TIME ZONE", expression: "to_timestamp(n)" },
    { name: "text", dataType: "VARCHAR", expression: "n" },
    { name: "flag", dataType: "BOOLEAN", expression: "n % 2 = 0" },
  ];
  expect(await statisticsOf(columns)).toEqual({
    integer: [0, "2048", "6143"],
    negative: [0, "-1535.75", "-512.00"],
    double: [0, "1024.0", "3071.5"],
    day: [0, "2025-08-10", "2036-10-26"],
    at: [0, "1970-01-01 00:34:08+00", "1970-01-01 01:42:23+00"],
    text: [0, "2048", "6143"],
    flag: [0, "false", "true"],
  });
});

test("OK: what is missing, also of lists and structs, and beside a column that is called as DuckDB calls places", async () => {
  const columns = [
    { name: "a, b", dataType: "BIGINT", expression: "CASE WHEN n % 4 = 0 THEN NULL ELSE n END" },
    {
      name: "a",
      dataType: "STRUCT(b BIGINT)",
      expression: "CASE WHEN n % 2 = 0 THEN NULL ELSE {'b': n} END",
    },
    { name: "list", dataType: "BIGINT[]", expression: "CASE WHEN n % 8 = 0 THEN NULL ELSE [NULL, n] END" },
    { name: "nothing", dataType: "VARCHAR", expression: "NULL" },
  ];
  const expected = {
    "a, b": [1024, "2049", "6143"],
    a: [2048, undefined, undefined],
    list: [512, undefined, undefined],
    nothing: [4096, undefined, undefined],
  };
  expect(await statisticsOf(columns)).toEqual(expected);
  const numbered = { name: "FILE_ROW_NUMBER", dataType: "BIGINT", expression: "n" };
  expect(await statisticsOf([...columns, numbered])).toEqual({
    ...expected,
    FILE_ROW_NUMBER: [0, "2048", "6143"],
  });
});

test("OK: long texts and those with a NUL have no smallest or largest", async () => {
  const columns = [
    { name: "long", dataType: "VARCHAR", expression: "repeat('x', 300)" },
    { name: "nul", dataType: "VARCHAR", expression: "chr(0) || n" },
  ];
  expect(await statisticsOf(columns)).toEqual({
    long: [0, undefined, undefined],
    nul: [0, undefined, undefined],
  });
});

test("OK: each cut has its own, also of lists, whatever the order, overlapping and of no row groups", async () => {
  const columns = [
    { name: "n", dataType: "BIGINT", expression: "CASE WHEN n % 4 = 0 THEN NULL ELSE n END" },
    { name: "list", dataType: "BIGINT[]", expression: "CASE WHEN n < 2048 THEN NULL ELSE [n] END" },
  ];
  const cuts = [cutOf(3, 4), cutOf(0, 1), cutOf(0, 2), cutOf(2, 2)];
  expect(await statisticsOfCuts(columns, cuts)).toEqual([
    { n: [512, "6145", "8191"], list: [0, undefined, undefined] },
    { n: [512, "1", "2047"], list: [2048, undefined, undefined] },
    { n: [1024, "1", "4095"], list: [2048, undefined, undefined] },
    { n: [0, undefined, undefined], list: [0, undefined, undefined] },
  ]);
});
