import { beforeAll, describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { type Extracted, extractAll, parquetColumns, plan, readParquet, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());

/** A type of PostgreSQL, its type in the file, the Parquet column, and pairs of a literal and the value read. */
type Case = [type: string, dataType: string, parquet: string, values: [sql: string, read: unknown][]];

const text = "BYTE_ARRAY UTF8";
const day = (iso: string): Date => new Date(iso);
/** How a reader without infinite dates reads infinity. */
const noDate = expect.toSatisfy((value: Date) => Number.isNaN(value.getTime()));

const cases: Case[] = [
  [
    "boolean",
    "BOOLEAN",
    "BOOLEAN",
    [
      ["true", true],
      ["false", false],
    ],
  ],
  ["smallint", "SMALLINT", "INT32 INT_16", [["-32768", -32_768]]],
  ["integer", "INTEGER", "INT32 INT_32", [["2147483647", 2_147_483_647]]],
  ["bigint", "BIGINT", "INT64 INT_64", [["-9223372036854775808", -9_223_372_036_854_775_808n]]],
  ["oid", "UINTEGER", "INT32 UINT_32", [["4294967295", 4_294_967_295]]],
  [
    "real",
    "FLOAT",
    "FLOAT",
    [
      ["0.1", Math.fround(0.1)],
      ["'NaN'", Number.NaN],
      ["'-Infinity'", Number.NEGATIVE_INFINITY],
    ],
  ],
  [
    "double precision",
    "DOUBLE",
    "DOUBLE",
    [
      ["0.1", 0.1],
      ["'NaN'", Number.NaN],
      ["1e-300", 1e-300],
    ],
  ],
  [
    "numeric(10,2)",
    "DECIMAL(10,2)",
    "INT64 DECIMAL",
    [
      ["99999999.99", 99_999_999.99],
      ["-0.01", -0.01],
    ],
  ],
  ["numeric(38,10)", "DECIMAL(38,10)", "FIXED_LEN_BYTE_ARRAY DECIMAL", [["0.5", 0.5]]],
  [
    "numeric",
    "VARCHAR",
    text,
    [
      ["1e30", "1000000000000000000000000000000"],
      ["'NaN'", "NaN"],
      ["0.10", "0.10"],
    ],
  ],
  ["numeric(50,2)", "VARCHAR", text, [["1", "1.00"]]],
  ["numeric(5,-2)", "VARCHAR", text, [["12345", "12300"]]],
  ["money", "VARCHAR", text, [["-1234.5", "-1234.50"]]],
  [
    "text",
    "VARCHAR",
    text,
    [
      ["''", ""],
      ["'\\N'", "\\N"],
      ["E'a\"\\n,\\r\\tb'", 'a"\n,\r\tb'],
      ["'😀'", "😀"],
      ["'NULL'", "NULL"],
    ],
  ],
  ["varchar(5)", "VARCHAR", text, [["' a '", " a "]]],
  ["char(5)", "VARCHAR", text, [["'ab'", "ab   "]]],
  [
    "bytea",
    "BLOB",
    "BYTE_ARRAY",
    [
      ["'\\x41'", "A"],
      ["''", ""],
    ],
  ],
  [
    "uuid",
    "UUID",
    "FIXED_LEN_BYTE_ARRAY UUID",
    [["'A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]],
  ],
  ["json", "VARCHAR", text, [[`'{"a":  1, "u":"\\u0000"}'`, '{"a":  1, "u":"\\u0000"}']]],
  ["jsonb", "VARCHAR", text, [["'[ 1,2 ]'", "[1, 2]"]]],
  ["xml", "VARCHAR", text, [["'<a/>'", "<a/>"]]],
  [
    "date",
    "DATE",
    "INT32 DATE",
    [
      ["'2020-02-29'", day("2020-02-29")],
      ["'0044-03-15 BC'", day("-000043-03-15")],
      ["'12020-01-01'", day("+012020-01-01")],
      ["'infinity'", noDate],
      ["'-infinity'", noDate],
    ],
  ],
  ["time", "TIME", "INT64 TIME", [["'00:00:01'", 1_000_000n]]],
  ["timetz", "VARCHAR", text, [["'12:00+05:30'", "12:00:00+05:30"]]],
  [
    "timestamp",
    "TIMESTAMP",
    "INT64 TIMESTAMP",
    [
      ["'2020-02-29 12:00:00.5'", day("2020-02-29T12:00:00.5Z")],
      ["'0044-03-15 10:00:00.5 BC'", day("-000043-03-15T10:00:00.5Z")],
      ["'infinity'", noDate],
    ],
  ],
  [
    "timestamptz",
    "TIMESTAMP WITH TIME ZONE",
    "INT64 TIMESTAMP",
    [
      ["'2020-02-29 12:00:00+05:30'", day("2020-02-29T06:30:00Z")],
      ["'0044-03-15 10:00:00+00 BC'", day("-000043-03-15T10:00:00Z")],
      ["'-infinity'", noDate],
    ],
  ],
  ["interval", "VARCHAR", text, [["'1 year -2 months 3 days 04:05:06.000007'", "P10M3DT4H5M6.000007S"]]],
  [
    "integer[]",
    "VARCHAR",
    text,
    [
      ["'{1,NULL,3}'", "[1,null,3]"],
      ["'{{1,2},{3,4}}'", "[[1,2],[3,4]]"],
      ["'{}'", "[]"],
    ],
  ],
  ["text[]", "VARCHAR", text, [[`array['a"b',null,'😀']`, '["a\\"b",null,"😀"]']]],
  ["int4range", "VARCHAR", text, [["'[1,5)'", "[1,5)"]]],
  ["inet", "VARCHAR", text, [["'::1/64'", "::1/64"]]],
  ["bit(3)", "VARCHAR", text, [["'101'", "101"]]],
  ["point", "VARCHAR", text, [["'(1,2)'", "(1,2)"]]],
  ["mood", "VARCHAR", text, [["'happy 😀'", "happy 😀"]]],
  ["address", "VARCHAR", text, [["row('x, y', 1)", '("x, y",1)']]],
  ["price", "DECIMAL(12,2)", "INT64 DECIMAL", [["12.34", 12.34]]],
];

describe("PostgreSQL's types", () => {
  let columns: { name: string; sourceType: string; dataType: string; nullable: boolean }[];
  let extracted: Extracted | undefined;
  beforeAll(async () => {
    const rowCount = Math.max(...cases.map(([, , , values]) => values.length));
    const rows = Array.from({ length: rowCount }, (_, row) =>
      cases.map(([, , , values]) => values[row]?.[0] ?? "null").join(", "),
    );
    await foreign().sql.unsafe(`
      create type mood as enum ('happy 😀');
      create type address as (street text, number int);
      create domain amount as numeric(12,2);
      create domain price as amount check (value > 0);
      create table types (${cases.map(([type], index) => `c${index} ${type}`).join(", ")});
      insert into types values (${rows.join("), (")});
      grant select on types to public`);
    const sourceId = await createDatabaseSource(mesh(), user(), foreign());
    const { types = "" } = await tablesOf(user(), sourceId);
    const planned = await plan(user(), sourceId, [types]);
    columns = planned.tables[0]?.columns ?? [];
    [extracted] = await extractAll(user(), planned);
  });

  test.each(cases.map((each, index) => [each[0], each, index] as const))("%s", async (_type, each, index) => {
    const [, dataType, parquet, values] = each;
    const name = `c${index}`;
    const { bytes = Buffer.alloc(0), summary } = extracted ?? {};
    const rows = await readParquet(bytes);
    expect(columns[index]?.dataType).toBe(dataType);
    expect(parquetColumns(bytes)[index]).toBe(`${name} ${parquet}`);
    const expected = rows.map((_, row) => values[row]?.[1] ?? null);
    expect(rows.map((row) => row[name])).toEqual(expected);
    expect(summary?.columns[index]).toMatchObject({ name, nullCount: BigInt(rows.length - values.length) });
  });
});

test("FailedPrecondition: a decimal that is not a number has no place in the file", async () => {
  await foreign().sql.unsafe(
    "create table broken (n numeric(5,2)); insert into broken values (1), ('NaN'); grant select on broken to public",
  );
  const sourceId = await createDatabaseSource(mesh(), user(), foreign());
  const { broken = "" } = await tablesOf(user(), sourceId);
  expect(await failureOf(extractAll(user(), await plan(user(), sourceId, [broken])))).toMatchObject({
    reason: "SOURCE_DATA_INVALID",
    message: expect.stringMatching(
      /^the table public\.broken can't be read: column "n": NaN has no place in DECIMAL\(5,2\)$/,
    ),
  });
});

test("OK: integers of a file that no integer type holds are decimals", async () => {
  const json = JSON.stringify({ big: "x", deep: [{ a: 1 }, null], day: "2020-01-31" }).replace(
    '"x"',
    "18446744073709551615",
  );
  const sourceId = await createFileSource(
    mesh(),
    user(),
    "odd.ndjson",
    `${json}\n${json.replace("18446744073709551615", "-1")}\n{"day":null}\n`,
  );
  const { odd = "" } = await tablesOf(user(), sourceId);
  const planned = await plan(user(), sourceId, [odd]);
  expect(
    planned.tables[0]?.columns.map(({ name, sourceType, dataType }) => [name, sourceType, dataType]),
  ).toEqual([
    ["big", "DECIMAL(38,0)", "DECIMAL(38,0)"],
    ["deep", "STRUCT(a BIGINT)[]", "STRUCT(a BIGINT)[]"],
    ["day", "DATE", "DATE"],
  ]);
  const [extracted] = await extractAll(user(), planned);
  expect(await readParquet(extracted?.bytes ?? Buffer.alloc(0))).toHaveLength(3);
  expect(extracted?.summary.columns[0]).toMatchObject({
    name: "big",
    min: "-1",
    max: "18446744073709551615",
  });
  expect(extracted?.summary.columns.map(({ name, nullCount }) => [name, nullCount])).toEqual([
    ["big", 1n],
    ["deep", 1n],
    ["day", 1n],
  ]);
});
