import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import {
  columnsOf,
  createFileSource,
  createSource,
  dataSet,
  failureOf,
  startOrchestration,
} from "./orchestration.ts";

const mesh = forFile(startOrchestration);

/** Discovers a new file source. Returns its only table. */
async function discoverFile(name: string, content: Buffer | string, settings = {}) {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, name, content, settings);
  const { added } = await user.catalog.discover({ sourceId });
  const [table] = added;
  if (!table || added.length !== 1) throw new Error("not one table");
  return { name: table.name, columns: columnsOf(table), rowCount: table.rowCount };
}

test.each([
  ["seattle-weather.csv", "seattle-weather", 1461n, ["date DATE", "precipitation DECIMAL(18,1)"]],
  ["cars.json", "cars", 406n, ["Name VARCHAR", "Miles_per_Gallon DECIMAL(18,1)"]],
  ["flights-3m.parquet", "flights-3m", 3_000_000n, ["date TIMESTAMP", "delay BIGINT"]],
  ["unemployment.tsv", "unemployment", 3218n, ["id BIGINT", "rate DECIMAL(18,3)"]],
])("OK: the public data set %s", async (file, name, rowCount, firstColumns) => {
  const found = await discoverFile(file, await dataSet(file));
  expect({ ...found, columns: found.columns.slice(0, 2) }).toEqual({
    name,
    rowCount,
    columns: firstColumns,
  });
});

test.each<[string, string, { columns: string[]; rowCount: bigint }]>([
  ["header.csv", "a,b\n", { columns: ["a VARCHAR", "b VARCHAR"], rowCount: 0n }],
  ["column.csv", "name\nx\ny\n", { columns: ["name VARCHAR"], rowCount: 2n }],
  ["windows.csv", "a,b\r\n1,2\r\n3,4\r\n", { columns: ["a BIGINT", "b BIGINT"], rowCount: 2n }],
  ["semicolons.csv", "a;b\n1;2,5\n", { columns: ["a BIGINT", "b DECIMAL(18,1)"], rowCount: 1n }],
  [
    "quoted.csv",
    '"a;x","b"\n"1;2;3;4","x, ""y"""\n',
    { columns: ["a;x VARCHAR", "b VARCHAR"], rowCount: 1n },
  ],
  ["bom.csv", "\uFEFFa,b\n1,é\n", { columns: ["a BIGINT", "b VARCHAR"], rowCount: 1n }],
  ["dates.csv", "d\n31/12/2020\n01/02/2021\n", { columns: ["d DATE"], rowCount: 2n }],
  ["lines.ndjson", '{"a":1}\n{"a":2,"b":"x"}\n', { columns: ["a BIGINT", "b VARCHAR"], rowCount: 2n }],
  ["one.json", '{"a":{"b":[1,2]}}', { columns: ["a STRUCT(b BIGINT[])"], rowCount: 1n }],
  ["no-extension", "a,b\n1,2\n", { columns: ["a BIGINT", "b BIGINT"], rowCount: 1n }],
  ["no-extension-json", '[{"a":-1}]', { columns: ["a BIGINT"], rowCount: 1n }],
])("OK: %s", async (name, content, expected) => {
  expect(await discoverFile(name, content)).toMatchObject(expected);
});

test("OK: a type that only the last rows of a long file show", async () => {
  const rows = Array.from({ length: 50_000 }, (_, index) => index);
  const csv = await discoverFile("late.csv", `n,m\n${rows.map((row) => `${row},1`).join("\n")}\nx,1.5\n`);
  expect(csv).toMatchObject({ columns: ["n VARCHAR", "m DECIMAL(18,1)"], rowCount: 50_001n });
  const json = await discoverFile(
    "late.json",
    JSON.stringify([...rows.map((n) => ({ n })), { n: 1.5, m: "x" }]),
  );
  expect(json).toMatchObject({ columns: ["n DECIMAL(18,1)", "m VARCHAR"], rowCount: 50_001n });
});

test("OK: the settings' table name and format", async () => {
  const settings = { tableName: "my table", format: "csv" };
  expect(await discoverFile("data.bin", "a\n1\n", settings)).toMatchObject({
    name: "my table",
    rowCount: 1n,
  });
});

const longCsv = Array.from({ length: 100_000 }, (_, index) => `${index},x`);
test.each<[string, Buffer | string, RegExp]>([
  ["empty.csv", "", /"empty.csv" can't be read: the file is empty/],
  ["blank.csv", "\n\n \n", /the file is empty/],
  ["empty.parquet", "", /the file is empty/],
  ["short-row.csv", "a,b,c\n1,2,3\n4,5\n6,7,8\n", /line 3: it has 2 fields where the first line has 3/],
  ["long-row.csv", "a,b,c\n1,2,3\n4,5,6,7\n", /line 3: it has 4 fields where the first line has 3/],
  ["long-head.csv", "a,b,c,d\n1,2,3\n4,5,6\n", /line 2: it has 3 fields where the first line has 4/],
  ["short-head.csv", "a,b\n1,2,3\n4,5,6\n", /line 2: it has 3 fields where the first line has 2/],
  [
    "long.csv",
    `a,b\n${longCsv.join("\n")}\n1,x,y\n`,
    /line 100002: it has 3 fields where the first line has 2/,
  ],
  ["open-quote.csv", 'a,b\n"y","z"\n"x,2\n3,4\n', /quote/],
  [
    "latin1.csv",
    Buffer.from("a,b\ncaf\xe9,1\n", "latin1"),
    /line 2: its byte 4 is not UTF-8 \(0xE9 0x2C 0x31 0x0A\): set settings\.encoding/,
  ],
  ["cut.json", '[{"a":1},{"a":2', /line 1, character 15: the list of rows that begins the file does not end/],
  ["text.json", "hello", /line 1, character 1: a row has to be an object/],
  ["binary", Buffer.from([1, 2, 0, 255, 254]), /its format is not known.*settings\.format/],
  ["text.parquet", "a,b\n1,2\n", /"text.parquet" can't be read/],
])("FailedPrecondition: the damaged file %s, named with what is wrong", async (name, content, message) => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, name, content);
  const failure = await failureOf(user.catalog.discover({ sourceId }));
  expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
  expect(failure.message).toMatch(message);
  expect(failure.message).not.toContain(mesh().folder);
  expect((await user.catalog.listTables({ sourceId })).tables).toEqual([]);
});

test("FailedPrecondition: a Parquet file cut in half", async () => {
  const whole = await dataSet("flights-3m.parquet");
  const user = mesh().user();
  const sourceId = await createFileSource(
    mesh(),
    user,
    "flights.parquet",
    whole.subarray(0, whole.length / 2),
  );
  const failure = await failureOf(user.catalog.discover({ sourceId }));
  expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
  expect(failure.message).toMatch(
    /the file "flights.parquet" can't be read: it is cut off: it does not end as a Parquet file does/,
  );
});

test("FailedPrecondition: a file that is gone, another organisation's file", async () => {
  const user = mesh().user();
  const others = mesh().peers.addFile(mesh().user().who, "secret.csv", "a\n1\n");
  for (const fileId of [randomUUID(), others]) {
    const sourceId = await createSource(user, "file", { fileId });
    expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SOURCE_DATA_INVALID",
      message: `the file ${fileId} does not exist`,
    });
  }
});
