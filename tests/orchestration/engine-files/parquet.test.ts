import { readFile } from "node:fs/promises";
import { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EngineFailure } from "../../../services/orchestration/engine/engine-failure.ts";
import type { ReadingSettings } from "../../../services/orchestration/engine/reading-settings.ts";
import { openFolder } from "./folder.ts";
import { openDatabase, openParquet, readBack } from "./readers.ts";

let folder: Awaited<ReturnType<typeof openFolder>>;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await openFolder();
  connection = await openDatabase();
});
afterAll(async () => {
  connection.closeSync();
  await folder[Symbol.asyncDispose]();
});

/** Files made with pyarrow by parquet/make.py. */
const fixture = (name: string) => readFile(new URL(`parquet/${name}.parquet`, import.meta.url));

async function open(content: Uint8Array, settings: ReadingSettings = {}) {
  await folder.write(content);
  return openParquet(connection, settings);
}

async function read(name: string, settings: ReadingSettings = {}) {
  const readable = await open(await fixture(name), settings);
  return { path: readable.paths[0], rowCount: readable.rowCount, ...(await readBack(connection, readable)) };
}

test("OK: reads what DuckDB reads right from the file itself", async () => {
  expect(await read("exact")).toEqual({
    path: "sluice_input",
    rowCount: 2,
    types: {
      u64: "UBIGINT",
      half: "FLOAT",
      decimal: "DECIMAL(38,2)",
      wide: "DECIMAL(20,0)",
      uuid: "UUID",
      words: "VARCHAR",
      bytes: "BLOB",
      list: "STRUCT(x BIGINT)[]",
      map: "MAP(VARCHAR, BIGINT)",
      nothing: "INTEGER",
    },
    rows: [
      [
        "18446744073709551615",
        1.5,
        "123456789012345678901234567890123456.78",
        "12345678901234567890",
        "00000000-0000-0000-0000-000000000005",
        "a\0b",
        "\\xFF\\x00",
        [{ x: null }, null],
        [
          { key: "a", value: "1" },
          { key: "a", value: "2" },
        ],
        null,
      ],
      Array(10).fill(null),
    ],
  });
});

test("OK: keeps the nanoseconds of INT96, and leaves a column without them as it is", async () => {
  expect(await read("int96")).toEqual({
    path: "sluice_normal",
    rowCount: 3,
    types: { t: "TIMESTAMP_NS", u: "TIMESTAMP" },
    rows: [
      ["1970-01-01 00:00:00.123456789", "1970-01-01 00:00:00.000001"],
      [null, null],
      ["1969-12-31 23:59:59.999999999", "1970-01-01 00:00:00.000002"],
    ],
  });
});

test("OK: keeps nanoseconds with a zone as text where there are some", async () => {
  expect(await read("zoned")).toEqual({
    path: "sluice_normal",
    rowCount: 3,
    types: { fine: "VARCHAR", coarse: "TIMESTAMP WITH TIME ZONE", plain: "TIMESTAMP_NS", time: "VARCHAR" },
    rows: [
      [
        "1970-01-01 00:00:00.123456789+00",
        "1970-01-01 00:00:00.123456+00",
        "1970-01-01 00:00:00.123456789",
        "00:00:00.000000001",
      ],
      [null, null, null, "00:00:00.000000002"],
      [
        "1969-12-31 23:59:59.999999999+00",
        "1969-12-31 23:59:59.999999+00",
        "1969-12-31 23:59:59.999999999",
        "00:00:00.000000003",
      ],
    ],
  });
});

test.each([
  ["int96-micros", "TIMESTAMP", "1970-01-01 00:00:00.123456"],
  ["zoned-micros", "TIMESTAMP WITH TIME ZONE", "1970-01-01 00:00:00.123456+00"],
])("OK: reads %s, without nanoseconds, from the file itself", async (name, type, value) => {
  expect(await read(name)).toEqual({
    path: "sluice_input",
    rowCount: 2,
    types: { t: type },
    rows: [[value], [null]],
  });
});

test("OK: a file without rows", async () => {
  expect(await read("no-rows")).toMatchObject({ rowCount: 0, types: { a: "BIGINT" }, rows: [] });
});

test("OK: columns of one name have others as settings say", async () => {
  const settings = { columnNames: { "#2": "b" }, columnTypes: { b: "VARCHAR" } };
  expect(await read("same-name", settings)).toMatchObject({
    types: { a: "BIGINT", b: "VARCHAR" },
    rows: [["1", "2"]],
  });
});

test("OK: tells which values a type that is wanted does not keep", async () => {
  const { problems } = await open(await fixture("exact"), { columnTypes: { words: "BIGINT" } });
  expect(problems).toEqual([
    { line: undefined, column: "words", message: '1 value is no BIGINT, as "a\\u0000b" (row 1)' },
  ]);
});

test.each(["row_index", "place", "text"])(
  "OK: tells the row of a value beside a column with the name %s",
  async (name) => {
    const rows = `SELECT * FROM (VALUES ('z', '5'), ('y', 'abc')) AS rows("${name}", a)`;
    const writer = await DuckDBConnection.create();
    await writer.run(`COPY (${rows}) TO 'made.parquet'`);
    writer.closeSync();
    const content = await readFile("made.parquet");
    const problemsOf = async (column: string) =>
      (await open(content, { columnTypes: { [column]: "BIGINT" } })).problems.map(({ message }) => message);
    expect(await problemsOf("a")).toEqual(['1 value is no BIGINT, as "abc" (row 2)']);
    expect(await problemsOf(name)).toEqual([
      '2 values are no BIGINT, as "z" (row 1)',
      '2 values are no BIGINT, as "y" (row 2)',
    ]);
  },
);

const cutOff = "it is cut off: it does not end as a Parquet file does";
test.each([
  ["encrypted", "it is encrypted: write it without"],
  ["encrypted-values", "it is encrypted: write it without"],
  ["decimal-39", 'column "d" is DECIMAL(39,0): decimals have 38 digits at the most: write it as text'],
  ["nested-decimal", 'column "s" is DECIMAL(40,0): decimals have 38 digits at the most: write it as text'],
  [
    "nested-zoned",
    'column "l" has nanoseconds with a zone in a list or a struct: write microseconds, or text',
  ],
  ["nested-case", 'column "s" has fields that differ in case only: "a" and "A"'],
  [
    "same-name",
    'columns 1 and 2 are both called "a": name one of them in settings.columnNames, as {"#2": "another name"}',
  ],
  [
    "case",
    'columns 1 and 2 are called "a" and "A", which differ in case only: name one of them in settings.columnNames, as {"#2": "another name"}',
  ],
  [
    "nul-name",
    'column 1 has a name that is empty or has a NUL: name it in settings.columnNames, as {"#1": "another name"}',
  ],
  ["no-columns", "the file has no columns"],
  ["not-utf8", 'column "s" has a text that is not UTF-8: \\xFF\\xFE'],
])("EngineFailure: refuses %s by name", async (name, message) => {
  await expect(read(name)).rejects.toEqual(new EngineFailure("sourceDataInvalid", message));
});

test("EngineFailure: refuses a page whose checksum is not that of its bytes", async () => {
  const content = await fixture("checksum");
  const value = content.indexOf(Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]));
  content[value] = 4;
  await expect(open(content)).rejects.toThrow(
    'it is damaged: the checksum of a page of column "a" is not that of its bytes',
  );
});

test.each([0, 3, 8, 20, 300])(
  "EngineFailure: refuses a file that is cut off after %i bytes",
  async (bytes) => {
    await expect(open((await fixture("exact")).subarray(0, bytes))).rejects.toThrow(cutOff);
  },
);

test("EngineFailure: refuses bent files, or reads as many rows as they say", async () => {
  const sound = await Promise.all(["exact", "int96", "zoned", "checksum"].map(fixture));
  let random = 5;
  const next = (below: number) => {
    random = (random * 1103515245 + 12345) % 2147483648;
    return random % below;
  };
  for (let round = 0; round < 200; round++) {
    const bent = Buffer.from(sound[round % sound.length] ?? "");
    for (let bits = 1 + next(3); bits > 0; bits--) {
      const at = next(bent.length);
      bent[at] = (bent[at] ?? 0) ^ (1 << next(8));
    }
    const opened = await open(bent).catch((error) => error);
    if (!(opened instanceof Error)) expect(opened.rowCount).toBeGreaterThanOrEqual(0);
  }
});
