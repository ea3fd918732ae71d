import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EngineFailure } from "../../../services/orchestration/engine/engine-failure.ts";
import type { ReadingSettings } from "../../../services/orchestration/engine/reading-settings.ts";
import { openFolder } from "./folder.ts";
import { openDatabase, openJson, readBack } from "./readers.ts";

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

const lines: ReadingSettings = { format: "ndjson" };
const json: ReadingSettings = { format: "json" };

async function read(content: string | Uint8Array, settings: ReadingSettings) {
  await folder.write(content);
  const readable = await openJson(connection, settings);
  return { readable, ...(await readBack(connection, readable)) };
}

/** `values` are the values of column `a`. */
const kept: readonly [name: string, content: string, dataType: string, values: unknown[]][] = [
  [
    "integers",
    '{"a":1}\n{"a":-9223372036854775808}\n{"a":9223372036854775807}',
    "BIGINT",
    ["1", "-9223372036854775808", "9223372036854775807"],
  ],
  [
    "integers beyond 64 bits",
    '{"a":9223372036854775808}\n{"a":12345678901234567890123456789012345678}',
    "DECIMAL(38,0)",
    ["9223372036854775808", "12345678901234567890123456789012345678"],
  ],
  ["integers beyond 38 digits", `{"a":1}\n{"a":${"9".repeat(39)}}`, "VARCHAR", ["1", "9".repeat(39)]],
  ["integers and decimals", '{"a":5}\n{"a":1.50}', "DECIMAL(18,2)", ["5.00", "1.50"]],
  [
    "decimals that a double scales wrong",
    '{"a":99999999999999.9}\n{"a":0.001}',
    "DECIMAL(18,3)",
    ["99999999999999.900", "0.001"],
  ],
  [
    "decimals of more digits than a double keeps",
    '{"a":12345678901234567890.123456789}\n{"a":0.1}',
    "DECIMAL(38,9)",
    ["12345678901234567890.123456789", "0.100000000"],
  ],
  ["doubles", '{"a":0.30000000000000004}\n{"a":1e-7}\n{"a":5}', "DOUBLE", [0.30000000000000004, 1e-7, 5]],
  ["numbers that no double is", '{"a":1e400}\n{"a":1}', "VARCHAR", ["1e400", "1"]],
  ["ISO dates", '{"a":"2024-02-29"}\n{"a":null}', "DATE", ["2024-02-29", null]],
  ["dates that are not ISO's", '{"a":"25-11-2025"}', "VARCHAR", ["25-11-2025"]],
  [
    "a day that no calendar has",
    '{"a":"2024-02-29"}\n{"a":"2023-02-29"}',
    "VARCHAR",
    ["2024-02-29", "2023-02-29"],
  ],
  [
    "dates and timestamps",
    '{"a":"2024-02-29"}\n{"a":"2024-02-29T00:00:00"}',
    "VARCHAR",
    ["2024-02-29", "2024-02-29T00:00:00"],
  ],
  [
    "timestamps of nanoseconds",
    '{"a":"2024-01-02T03:04:05.123456789"}',
    "TIMESTAMP_NS",
    ["2024-01-02 03:04:05.123456789"],
  ],
  [
    "timestamps in UTC",
    '{"a":"2024-01-02T03:04:05Z"}',
    "TIMESTAMP WITH TIME ZONE",
    ["2024-01-02 03:04:05+00"],
  ],
  [
    "timestamps of two offsets",
    '{"a":"2024-01-02T03:04:05+01:00"}\n{"a":"2024-01-02T03:04:05+02:00"}',
    "VARCHAR",
    ["2024-01-02T03:04:05+01:00", "2024-01-02T03:04:05+02:00"],
  ],
  [
    "values of several kinds",
    '{"a":1.10}\n{"a":"x"}\n{"a":{"k": [1.0]}}\n{"a":null}',
    "VARCHAR",
    ["1.10", '"x"', '{"k": [1.0]}', null],
  ],
  ["a text with a NUL and a pair of surrogates", '{"a":"x\\u0000y\\ud83d\\ude00"}', "VARCHAR", ["x\0y😀"]],
  [
    "objects and lists",
    '{"a":{"x":[1,null],"y":{"z":"t"}}}\n{"a":{}}\n{"a":null}',
    "STRUCT(x BIGINT[], y STRUCT(z VARCHAR))",
    [{ x: ["1", null], y: { z: "t" } }, { x: null, y: null }, null],
  ],
  [
    "decimals within objects and lists",
    '{"a":{"x":[1.123456789012345678]}}',
    "STRUCT(x DECIMAL(38,18)[])",
    [{ x: ["1.123456789012345678"] }],
  ],
  [
    "a field with the name of a type",
    '{"a":{"HUGEINT":5,"k":-1}}\n{"a":{"HUGEINT":6,"k":2}}',
    "STRUCT(HUGEINT BIGINT, k BIGINT)",
    [
      { HUGEINT: "5", k: "-1" },
      { HUGEINT: "6", k: "2" },
    ],
  ],
  ["fields that differ in case only", '{"a":{"x":1,"X":2}}', "VARCHAR", ['{"x":1,"X":2}']],
  ["empty objects", '{"a":{}}', "VARCHAR", ["{}"]],
  [
    "objects 17 levels deep",
    `{"a":${'{"a":'.repeat(17)}1${"}".repeat(17)}}`,
    expect.stringContaining("STRUCT(a VARCHAR)") as unknown as string,
    [expect.anything()],
  ],
];

test.each(kept)("OK: keeps %s", async (_, content, dataType, values) => {
  const { types, rows } = await read(content, lines);
  expect({ types, rows }).toEqual({ types: { a: dataType }, rows: values.map((value) => [value]) });
});

test.each<[name: string, content: string, settings: ReadingSettings]>([
  ["one a line", '{"a":1}\r\n\n {"a":2} \n', lines],
  ["in a list", ' [{"a":1}, \n{"a":2}]\n', json],
  ["one behind the other", '{"a":1}{\n"a":\n2}', json],
  ["one a line in a file that is called json", '{"a":1}\n{"a":2}', json],
  ["behind a byte order mark", '\ufeff[{"a":1},{"a":2}]', json],
])("OK: reads objects %s", async (_, content, settings) => {
  const { rows, readable } = await read(content, settings);
  expect({ rows, rowCount: readable.rowCount }).toEqual({ rows: [["1"], ["2"]], rowCount: 2 });
});

test("OK: counts what is missing or null, which a table does not tell apart", async () => {
  const { readable } = await read('{"a":1,"b":null}\n{"b":2}\n{"b":3}', lines);
  expect(readable.columns.map(({ name, nullCount }) => [name, nullCount])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
});

test("OK: objects of very many names are a map", async () => {
  const fields = (from: number) => Array.from({ length: 600 }, (_, index) => `"k${from + index}":1.5`).join();
  const { types, rows } = await read(`{"a":{${fields(0)}}}\n{"a":{${fields(600)}}}`, lines);
  expect(types).toEqual({ a: "MAP(VARCHAR, DECIMAL(18,1))" });
  expect((rows[1]?.[0] as unknown[] | undefined)?.at(599)).toEqual({ key: "k1199", value: "1.5" });
});

test("OK: names with quotes and dots, and of a thousand columns", async () => {
  const names = ['a"b', "c'd", "e.f", "sep=", ...Array.from({ length: 996 }, (_, index) => `c${index}`)];
  const row = Object.fromEntries(names.map((name, value) => [name, value]));
  const { rows } = await read(JSON.stringify(row), json);
  expect(rows[0]).toEqual(names.map((_, value) => String(value)));
});

test("OK: finds out 10,000 columns", async () => {
  await folder.write(
    JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`c${at}`, at]))),
  );
  expect((await openJson(connection, json)).columns).toHaveLength(10_000);
});

test("OK: scans a long file in several threads as in one", async () => {
  const row = (index: number) =>
    `{"id":${index},"t":"${"x".repeat(80)}"${index === 299_999 ? ',"late":1.5' : ""}}`;
  const { readable } = await read(
    Array.from({ length: 300_000 }, (_, index) => row(index)).join("\n"),
    lines,
  );
  expect(readable.columns.map(({ name, dataType, nullCount }) => [name, dataType, nullCount])).toEqual([
    ["id", "BIGINT", 0],
    ["t", "VARCHAR", 0],
    ["late", "DECIMAL(18,1)", 299_999],
  ]);
  expect(readable.rowCount).toBe(300_000);
});

test("OK: columns have other names and types as settings say", async () => {
  const settings = {
    ...lines,
    columnNames: { UserUpn: "upn2" },
    columnTypes: { n: "VARCHAR", upn2: "DATE" },
  };
  const { types, rows } = await read('{"UserUPN":"x","n":1.50}\n{"UserUpn":"2024-01-01","n":2}', settings);
  expect(types).toEqual({ UserUPN: "VARCHAR", n: "VARCHAR", upn2: "DATE" });
  expect(rows).toEqual([
    ["x", "1.50", null],
    [null, "2", "2024-01-01"],
  ]);
});

test("OK: tells which values a type that is wanted does not keep", async () => {
  await folder.write('{"a":"5"}\n{"a":"abc"}\n{"a":7.5}');
  const { problems } = await openJson(connection, { ...lines, columnTypes: { a: "BIGINT" } });
  expect(problems).toEqual([
    { line: undefined, column: "a", message: '2 values are no BIGINT, as "abc" (row 2)' },
    { line: undefined, column: "a", message: '2 values are no BIGINT, as "7.5" (row 3)' },
  ]);
});

const refused: readonly [message: string, content: string | Buffer, settings: ReadingSettings][] = [
  ["the file is empty", "\n\n", lines],
  ["the file has no rows", "[]", json],
  ["the file has no columns: its objects are empty", "{}", lines],
  ["line 1, character 8: there is more behind the object of this line", '{"a":1}x', lines],
  ["line 2, character 9: there is more behind the object of this line", '{"a":1}\n{"a":1} {"a":2}', lines],
  ['line 1, character 10: an object has the name "a" twice', '{"a":1,"a":2}', lines],
  ['line 1, character 20: an object has the name "b" twice', '{"a":{"b":1,"\\u0062":2}}', lines],
  ['line 2, character 6: "NaN" is no value of JSON', '{"a":1}\n{"a":NaN}', lines],
  ['line 1, character 6: "-Infinity" is no value of JSON', '{"a":-Infinity}', lines],
  ['line 1, character 6: "02134" is no value of JSON', '{"a":02134}', lines],
  ["line 1, character 7: a text has half of a surrogate pair", '{"a":"\\ud800"}', lines],
  ["line 1, character 7: \\q is no escape of JSON", '{"a":"\\q"}', lines],
  ["line 1, character 7: \\u is not followed by four hexadecimal digits", '{"a":"\\u12"}', lines],
  [
    "line 1, character 8: a text has the control character 0x09 in it that is not escaped",
    '{"a":"x\ty"}',
    lines,
  ],
  ["line 1, character 1: a row has to be an object, but here is a list", "[1]", lines],
  ["line 1, character 2: a row has to be an object, but here is a number", "[1]", json],
  ["line 1, character 1: the object that begins here has no end", '{"a":1', lines],
  ["line 1, character 6: the line ends within an object: set settings.format to json", '{"a":\n1}', lines],
  ['line 1, character 8: there is no name in quotes, but "}"', '{"a":1,}', lines],
  ['line 1, character 6: there is no colon behind a name, but "1"', '{"a" 1}', lines],
  ['line 1, character 9: there is no comma between the values of a list, but "2"', '{"a":[1 2]}', lines],
  ["line 1, character 10: there is a comma behind the last object", '[{"a":1},]', json],
  [
    "line 1, character 10: there has to be one comma between two objects of the list",
    '[{"a":1} {"a":2}]',
    json,
  ],
  ["line 1, character 11: the list of rows that begins the file does not end it", '[{"a":1}] x', json],
  [
    "line 1, character 106: it is more than 100 levels deep",
    `{"a":${"[".repeat(300_000)}${"]".repeat(300_000)}}`,
    lines,
  ],
  [
    "line 1, character 1: the object that begins here has more than 32 MiB",
    `{"a":"${"x".repeat(33 * 1024 ** 2)}"}`,
    lines,
  ],
  [
    "line 2, character 7: the bytes 0xE9 0x22 0x7D are not UTF-8: set settings.encoding to the encoding of the file, as windows-1252",
    Buffer.from('{"a":1}\n{"a":"\xe9"}', "latin1"),
    lines,
  ],
  [
    'columns 1 and 2 are called "UserUPN" and "UserUpn", which differ in case only: name one of them in settings.columnNames, as {"#2": "another name"}',
    '{"UserUPN":"abc"}\n{"UserUpn":"efg"}',
    lines,
  ],
  [
    'column 1 has a name that is empty or has a NUL: name it in settings.columnNames, as {"#1": "another name"}',
    '{"":1}',
    lines,
  ],
  [
    'settings.columnTypes has "b", which no column is called',
    '{"a":1}',
    { ...lines, columnTypes: { b: "BIGINT" } },
  ],
];

test.each(refused)("EngineFailure: %s", async (message, content, settings) => {
  await folder.write(content);
  await expect(openJson(connection, settings)).rejects.toEqual(
    new EngineFailure("sourceDataInvalid", message),
  );
});

test("EngineFailure: refuses bent JSON, or reads as many rows as it counted", async () => {
  const sound = Array.from(
    { length: 20 },
    (_, index) => `{"a":${index}.5,"b":"t\\u00e9${index}","c":[{"d":null},{"d":1e${index}}],"e":{"f":true}}`,
  ).join("\n");
  let random = 11;
  const next = (below: number) => {
    random = (random * 1103515245 + 12345) % 2147483648;
    return random % below;
  };
  for (let round = 0; round < 300; round++) {
    const bent = Buffer.from(sound).subarray(0, round % 3 === 0 ? next(sound.length) : sound.length);
    for (let bytes = next(3); bytes > 0 && bent.length > 0; bytes--)
      bent[next(bent.length)] = '{}[]",:0e\\ \n\u0000'.charCodeAt(next(13));
    await folder.write(bent);
    const opened = await openJson(connection, round % 2 === 0 ? lines : json).catch((error) => error);
    if (opened instanceof Error) expect(opened).toBeInstanceOf(EngineFailure);
    else expect((await readBack(connection, opened)).rows.length).toBe(opened.rowCount);
  }
});
