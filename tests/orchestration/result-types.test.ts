import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ResultFormat } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { fileTypeSamples } from "./file-type-samples.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, failureOf, query, startOrchestration } from "./orchestration.ts";
import { arrowOf, formats, linesOf, parquetOf, recordsOf, stream } from "./result-streams.ts";

// Every type in every format: the value itself, or the text that ExecuteQuery returns.

const { NDJSON, CSV, PARQUET, ARROW } = ResultFormat;

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const file = forFile(() => createFileSource(mesh(), user(), "one.csv", "n\n1\n"));
const database = forFile(() => createDatabaseSource(mesh(), user(), foreign()));

/** Values without a number in the typed formats. */
const infinities = [
  "DATE 'infinity'",
  "TIMESTAMP '-infinity'",
  "TIMESTAMPTZ 'infinity'",
  "TIME '24:00:00'",
  "[DATE 'infinity']",
  "{'a': [TIMESTAMP '-infinity']}",
];

const selectOf = (values: readonly string[]): string =>
  `SELECT ${values.map((value, index) => `${value} AS v${index}`).join(", ")}`;

test("OK: every type of a file in NDJSON, as ExecuteQuery spells it", async () => {
  const sql = selectOf([...fileTypeSamples, ...infinities]);
  const [spelled] = (await query(user(), file(), sql)).rows;
  const [line] = linesOf(await stream(user(), file(), sql, NDJSON));
  expect(Object.values(line ?? {})).toEqual(spelled);
});

test("OK: every type of a file in CSV, as ExecuteQuery spells it", async () => {
  const sql = selectOf([...fileTypeSamples, ...infinities]);
  const [spelled] = (await query(user(), file(), sql)).rows as unknown[][];
  const [, record] = recordsOf(await stream(user(), file(), sql, CSV));
  const values = (record ?? []).map((text, index) => valueLike(spelled?.[index], text));
  expect(values).toEqual(spelled);
});

/** Parses a CSV field by its type. */
function valueLike(spelled: unknown, text: string | undefined): unknown {
  if (text === undefined) return null;
  return typeof spelled === "string" ? text : JSON.parse(text);
}

test("OK: every type of a file in Parquet comes back as the value that it was", async () => {
  const sql = selectOf(fileTypeSamples);
  const parquet = await stream(user(), file(), sql, PARQUET);
  const again = await createFileSource(mesh(), user(), "again.parquet", parquet.bytes);
  const [before] = (await query(user(), file(), sql)).rows as unknown[][];
  const [behind] = (await query(user(), again, "FROM again")).rows as unknown[][];
  expect(behind?.map(asText)).toEqual(before?.map(asText));
});

/** Values stored as text for lack of a type have the text that ExecuteQuery returns. */
const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

test("OK: values of every type of Arrow", async () => {
  const { columns } = arrowOf(await stream(user(), file(), selectOf(fileTypeSamples), ARROW));
  const found = new Map(fileTypeSamples.map((sql, index) => [sql, columns[index]?.[0]]));
  expect(Object.fromEntries(found)).toMatchSnapshot();
});

test.each(infinities)("InvalidArgument (SQL_INVALID): %s in Parquet and in Arrow", async (value) => {
  for (const format of [PARQUET, ARROW]) {
    expect(await failureOf(stream(user(), file(), `SELECT ${value} AS end`, format))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "SQL_INVALID",
      message: expect.stringContaining('the column "end" has a value beyond all dates or times'),
    });
  }
});

test.each(formats)("InvalidArgument (SQL_INVALID): what %s has no place for", async (_, format) => {
  for (const value of ["1::VARIANT", "[[[[[[[[[1]]]]]]]]]"]) {
    expect(await failureOf(stream(user(), file(), `SELECT ${value} AS odd`, format))).toMatchObject({
      reason: "SQL_INVALID",
      message: expect.stringContaining('of the column "odd": cast it to VARCHAR'),
    });
  }
  expect((await stream(user(), file(), "SELECT [[[[[[[[1]]]]]]]] AS deep", format)).headers).toBeDefined();
});

test("InvalidArgument (SQL_INVALID): a number of 39 digits in Parquet and in Arrow", async () => {
  const sql = "SELECT 170141183460469231731687303715884105727::HUGEINT AS big";
  for (const format of [PARQUET, ARROW]) {
    expect(await failureOf(stream(user(), file(), sql, format))).toMatchObject({ reason: "SQL_INVALID" });
  }
});

const ofDatabase = [
  "true",
  "1::int2",
  "2147483647",
  "9007199254740993::int8",
  "4294967295::oid",
  "1.50::numeric(10,2)",
  "'NaN'::numeric",
  "1.1::float4",
  "0.1::float8 + 0.2::float8",
  "'NaN'::float8",
  "'-Infinity'::float8",
  "'é 🧾 \"quoted\", \\N and' || chr(10) || chr(13) || 'lines'",
  "''",
  "'\\N'",
  "'ab'::char(4)",
  "'\\xaa00'::bytea",
  "b'101'",
  "date '2020-02-29'",
  "date '0044-03-15 BC'",
  "date '12345-01-01'",
  "date 'infinity'",
  "time '10:00:00.5'",
  "timetz '10:00:00+05:30'",
  "timetz '10:00:00+02'",
  "timestamp '1969-12-31 23:59:59.999999'",
  "timestamptz '2020-01-01 00:00:00+02'",
  "timestamptz '-infinity'",
  "interval '14 months -3 days 90 seconds'",
  "interval '0 seconds'",
  "'6f2d1fe0-2d53-4f37-b9a5-4a24a4cbb1f7'::uuid",
  "'{\"a\":[1,null]}'::json",
  "'[null,true]'::jsonb",
  "array[1,null]",
  "array[array['a \"b\\'], array['{NULL,x}']]",
  "'{}'::date[]",
  "array['2020-01-01'::date]",
  "'1 2 3'::int2vector",
  "'[0:1]={1,2}'::int[]",
  "array[box '(1,1),(0,0)']",
  "row(1,'x')",
  "int4range(1,5)",
  "null",
];

test("OK: every type of PostgreSQL in NDJSON and CSV, as ExecuteQuery spells it", async () => {
  const sql = selectOf(ofDatabase);
  const [spelled] = (await query(user(), database(), sql)).rows as unknown[][];
  const [line] = linesOf(await stream(user(), database(), sql, NDJSON));
  expect(Object.values(line ?? {})).toEqual(spelled);
  const [, record] = recordsOf(await stream(user(), database(), sql, CSV));
  expect(record?.map((text, index) => valueLike(spelled?.[index], text))).toEqual(spelled);
});

test("OK: a price of a table stays a number in Parquet", async () => {
  await foreign().sql.unsafe(`
    create table prices (price numeric(10,2), at timestamptz);
    insert into prices values (1.50, '2020-01-01'), (null, null);
    grant all on prices to public`);
  const { rows } = await parquetOf(await stream(user(), database(), "select price, at from prices", PARQUET));
  expect(rows).toEqual([
    { price: 1.5, at: new Date("2020-01-01T00:00:00Z") },
    { price: null, at: null },
  ]);
});

test.each(formats)("OK: no rows in %s", async (_, format) => {
  for (const source of [file(), database()]) {
    const { headers, bytes } = await stream(user(), source, "SELECT 1 AS a, 'x' AS b WHERE false", format);
    expect(headers).toMatchObject({ "sluice-row-count": "0", "content-length": String(bytes.length) });
    if (format === CSV) expect(bytes.toString()).toBe("a,b\n");
    if (format === NDJSON) expect(bytes.length).toBe(0);
    if (format === PARQUET)
      expect((await parquetOf({ headers, bytes, contentType: "" })).columns).toEqual(["a", "b"]);
    if (format === ARROW)
      expect(arrowOf({ headers, bytes, contentType: "" })).toMatchObject({ names: ["a", "b"], rowCount: 0 });
  }
});

test("OK: names with quotes, commas, line ends and dots in every format", async () => {
  const names = ['a"b', "c,d", "e\nf", "g.h", "é", " ", "#x"];
  const sql = `SELECT ${names.map((name, index) => `${index} AS "${name.replaceAll('"', '""')}"`).join(", ")}`;
  for (const source of [file(), database()]) {
    expect(recordsOf(await stream(user(), source, sql, CSV))[0]).toEqual(names);
    expect(Object.keys(linesOf(await stream(user(), source, sql, NDJSON))[0] ?? {})).toEqual(names);
    expect((await parquetOf(await stream(user(), source, sql, PARQUET))).columns).toEqual(names);
    expect(arrowOf(await stream(user(), source, sql, ARROW)).names).toEqual(names);
  }
});

test("OK: two columns of the same name in CSV; SQL_INVALID where one would be lost", async () => {
  for (const source of [file(), database()]) {
    const sql = "SELECT 1 AS a, 2 AS a";
    expect(recordsOf(await stream(user(), source, sql, CSV))).toEqual([
      ["a", "a"],
      ["1", "2"],
    ]);
    for (const format of [NDJSON, PARQUET, ARROW]) {
      expect(await failureOf(stream(user(), source, sql, format))).toMatchObject({
        code: Code.InvalidArgument,
        reason: "SQL_INVALID",
        message: expect.stringContaining("two columns have"),
      });
    }
  }
});

test("OK: names that differ by case only; SQL_INVALID in Parquet", async () => {
  const sql = 'SELECT 1 AS a, 2 AS "A"';
  expect(recordsOf(await stream(user(), file(), sql, CSV))[0]).toEqual(["a", "A"]);
  expect(linesOf(await stream(user(), file(), sql, NDJSON))).toEqual([{ a: 1, A: 2 }]);
  expect(arrowOf(await stream(user(), file(), sql, ARROW)).columns).toEqual([[1], [2]]);
  expect(await failureOf(stream(user(), file(), sql, PARQUET))).toMatchObject({ reason: "SQL_INVALID" });
});

test("InvalidArgument (SQL_INVALID): no columns", async () => {
  for (const [, format] of formats) {
    expect(await failureOf(stream(user(), database(), "select", format))).toMatchObject({
      reason: "SQL_INVALID",
      message: "the result has no columns",
    });
  }
});

test("OK: JSON that only DuckDB takes for it is text in NDJSON", async () => {
  const sql = `SELECT '[NaN]'::JSON AS a, '{"inf": "nan,]"}'::JSON AS b, '[1,]'::JSON AS c, '[\n1,\r\n12345678901234567890.10]'::JSON AS d`;
  const { bytes } = await stream(user(), file(), sql, NDJSON);
  expect(bytes.toString()).toBe(
    '{"a":"[NaN]","b":{"inf": "nan,]"},"c":"[1,]","d":[ 1,  12345678901234567890.10]}\n',
  );
});

test("OK: line breaks of a first row's text are its own", async () => {
  for (const text of ["\r", "a\r\nb", "\n", "a\rb"]) {
    const sql = `SELECT * FROM (VALUES (1, E'${JSON.stringify(text).slice(1, -1)}'), (2, 'x')) AS t(n, text)`;
    const records = linesOf(await stream(user(), database(), sql, NDJSON));
    expect(records, JSON.stringify(text)).toEqual([
      { n: 1, text },
      { n: 2, text: "x" },
    ]);
  }
});

test("OK: a byte order mark at the beginning of a first value is its own", async () => {
  const sql = "SELECT * FROM (VALUES (E'\\uFEFFx', 1), (E'\\uFEFF', 2)) AS t(text, n)";
  expect(linesOf(await stream(user(), database(), sql, NDJSON))).toEqual([
    { text: "\uFEFFx", n: 1 },
    { text: "\uFEFF", n: 2 },
  ]);
});
