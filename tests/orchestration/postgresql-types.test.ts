import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ExtractFormat } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { extractAll, plan, readParquet, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { query, startOrchestration } from "./orchestration.ts";
import { typeSamples } from "./type-samples.ts";

let sourceId: string;
const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create extension citext; create extension hstore; create extension ltree; create extension cube;
    create type mood as enum ('happy 😀', 'sad, "very"');
    create type address as (street text, number int);
    create domain amount as numeric(12,2);
    create domain price as amount check (value > 0);
    create domain tags as text[];
    create type floats as range (subtype = float8);`);
  sourceId = await createDatabaseSource(mesh(), user(), foreign());
});

/** Session settings that format values as the connector's session does. */
const sessionSettings = `set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = iso_8601;
  set bytea_output = hex; set extra_float_digits = 1`;

/** The values of one column of a file, cast to text by DuckDB. */
async function textsOf(
  bytes: Buffer,
  extension: "parquet" | "csv",
): Promise<Record<string, string | null>[]> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, `file.${extension}`);
  await writeFile(file, bytes);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("set TimeZone = 'UTC'");
  const reader =
    extension === "parquet"
      ? `'${file}'`
      : `read_csv('${file}', all_varchar = true, header = true, allow_quoted_nulls = false)`;
  const described = (await connection.runAndReadAll(`describe from ${reader}`)).getRowsJson();
  const list = described.map(([name, type]) =>
    type === "BLOB" ? `lower(hex("${name}")) as "${name}"` : `"${name}"::varchar as "${name}"`,
  );
  const result = await connection.runAndReadAll(`select ${list.join(", ")} from ${reader}`);
  const rows = result.getRowObjectsJson() as Record<string, string | null>[];
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** Converts the server's text of a value to DuckDB's text of the same value. */
function asDuckDb(text: string, dataType: string): string {
  if (dataType === "BOOLEAN") return text === "t" ? "true" : "false";
  if (isFloat(dataType)) return floatText(text, dataType);
  if (dataType === "BLOB") return text.slice(2);
  if (/^(DATE|TIMESTAMP)/.test(dataType)) {
    const [, date, time = "", zone = ""] = /^([^ ]+)( [\d:.]+)?(\+00)? BC$/.exec(text) ?? [];
    return date === undefined ? text : `${date} (BC)${time}${zone}`;
  }
  return text;
}

/** Normalizes DuckDB's text for comparison with `asDuckDb`. */
const ofDuckDb = (text: string, dataType: string): string =>
  isFloat(dataType) ? floatText(text.replace(/inf$/, "Infinity").replace(/nan/i, "NaN"), dataType) : text;

const isFloat = (dataType: string): boolean => dataType === "FLOAT" || dataType === "DOUBLE";

function floatText(text: string, dataType: string): string {
  const value = dataType === "FLOAT" ? Math.fround(Number(text)) : Number(text);
  return Object.is(value, -0) ? "-0" : String(value);
}

type Probe = { name: string; type: string; values: (string | null)[] };

/** Every type that a column can have, with its samples; and an array of each. */
async function probes(): Promise<Probe[]> {
  const types = await foreign().sql<{ typname: string; type: string; array: string | null }[]>`
    select typname, format_type(oid, null) as type, nullif(typarray, 0)::regtype::text as array from pg_type
    where (typtype in ('b', 'd', 'e', 'r', 'm') or typname = 'address')
      and not (typlen = -1 and typelem <> 0 and exists (select from pg_type e where e.typarray = pg_type.oid))
      and typnamespace in ('pg_catalog'::regnamespace, 'public'::regnamespace)
    order by oid`;
  return types.flatMap(({ typname, type, array }, index) => {
    const samples = typeSamples[typname] ?? [];
    const one = { name: `c${index}`, type: columnTypes[type] ?? type, values: [...samples, null] };
    if (array === null) return [one];
    const items = [...samples.map((text) => `"${text.replace(/[\\"]/g, "\\$&")}"`), "NULL"];
    const values = [`{${items.join(type === "box" ? ";" : ",")}}`, "{}", "[0:0]={NULL}", null];
    return [one, { name: `a${index}`, type: arrayTypes[type] ?? array, values }];
  });
}

const isArray = ({ name, type }: Pick<Probe, "name" | "type">): boolean =>
  name.startsWith("a") || type === "tags";

/** Types whose form without a length means one character or bit. */
const columnTypes: Readonly<Record<string, string>> = { character: "bpchar", bit: "bit(1)" };
const arrayTypes: Readonly<Record<string, string>> = { character: "bpchar[]", bit: "bit(1)[]" };

async function createTable(name: string, columns: readonly Probe[]): Promise<void> {
  await foreign().sql.unsafe(
    `create table ${name} (${columns.map((column) => `${column.name} ${column.type}`).join(", ")});
     grant select on ${name} to public`,
  );
  const rowCount = Math.max(...columns.map(({ values }) => values.length));
  for (let row = 0; row < rowCount; row += 1) {
    const list = columns.map(({ values }) => literal(values[row] ?? null));
    await foreign().sql.unsafe(`${sessionSettings}; insert into ${name} values (${list.join(", ")})`);
  }
}

const literal = (text: string | null): string => (text === null ? "null" : `'${text.replaceAll("'", "''")}'`);

describe("every type of the server's", () => {
  let all: Probe[];
  let every: string;
  let expected: Record<string, string | null>[];
  let json: Record<string, string | null>[];
  beforeAll(async () => {
    all = await probes();
    await createTable("every", all);
    ({ every = "" } = await tablesOf(user(), sourceId));
    // Uses the type's output function, because a cast of a char(n) trims its blanks.
    const texts = all.map(
      ({ name }) => `case when ${name} is distinct from null then format('%s', ${name}) end as ${name}`,
    );
    const arrays = all.filter(isArray);
    const jsons = arrays.map(({ name }) => `array_to_json(${name})::text as ${name}`);
    await foreign().sql.begin(async (sql) => {
      await sql.unsafe(sessionSettings);
      expected = await sql.unsafe(`select ${texts.join(", ")} from every order by ctid`);
      json = await sql.unsafe(`select ${jsons.join(", ")} from every order by ctid`);
    });
  });

  /** Expected text of a value in the file. */
  function inFile(row: number, { name, type }: Probe, dataType: string): string | null {
    const text = expected[row]?.[name] ?? null;
    if (text === null) return null;
    if (type === "money") return text.replace(/[$,]/g, "");
    const isJson = type.startsWith("json") && type.endsWith("[]") && text.includes("null");
    if (isArray({ name, type }) && !text.startsWith("[") && !isJson) return json[row]?.[name] ?? null;
    return asDuckDb(text, dataType);
  }

  test("OK: a Parquet file has every value", async () => {
    const planned = await plan(user(), sourceId, [every]);
    const [extracted] = await extractAll(user(), planned);
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    const bytes = extracted?.bytes ?? Buffer.alloc(0);
    const rows = await textsOf(bytes, "parquet");
    expect(await readParquet(bytes)).toHaveLength(rows.length);
    const types = new Map(planned.tables[0]?.columns.map(({ name, dataType }) => [name, dataType]));
    for (const probe of all) {
      const dataType = types.get(probe.name) ?? "";
      const found = rows.map((row) => {
        const text = row[probe.name] ?? null;
        return text === null ? null : ofDuckDb(text, dataType);
      });
      const wanted = expected.map((_, row) => inFile(row, probe, dataType));
      expect({ type: probe.type, values: found }).toEqual({ type: probe.type, values: wanted });
    }
  });

  test("OK: a CSV file has every value", async () => {
    const planned = await plan(user(), sourceId, [every], { format: ExtractFormat.CSV });
    const [extracted] = await extractAll(user(), planned);
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    const rows = await textsOf(extracted?.bytes ?? Buffer.alloc(0), "csv");
    const types = new Map(planned.tables[0]?.columns.map(({ name, dataType }) => [name, dataType]));
    for (const probe of all) {
      const dataType = types.get(probe.name) ?? "";
      if (dataType === "BLOB") continue;
      const found = rows.map((row) => {
        const text = row[probe.name] ?? null;
        return text === null ? null : ofDuckDb(text, dataType);
      });
      expect({ type: probe.type, values: found }).toEqual({
        type: probe.type,
        values: expected.map((_, row) => inFile(row, probe, dataType)),
      });
    }
  });

  test("OK: a query answers every value", async () => {
    const texts = all.filter(({ name, type }) => name.startsWith("c") && isTextInQueries(type));
    const { rows } = await query(
      user(),
      sourceId,
      `select ${texts.map(({ name }) => name).join(", ")} from every order by ctid`,
    );
    for (const [index, { name, type }] of texts.entries()) {
      const found = rows.map((row) => (row as unknown[])[index] ?? null);
      expect({ type, values: found }).toEqual({ type, values: expected.map((row) => row[name] ?? null) });
    }
  });
});

/** Types whose values in a query's result are PostgreSQL's text. */
const isTextInQueries = (type: string): boolean =>
  !/^(bool|bytea|smallint|integer$|oid$|json|real|double|date$|time|tags)/.test(type);

test("OK: vectors are no arrays", async () => {
  const sql =
    "select a from (values (1, '1 2 3'::int2vector), (2, '4 5'), (3, '16 16')) as v (n, a) order by n";
  expect((await query(user(), sourceId, sql)).rows).toEqual([["1 2 3"], ["4 5"], ["16 16"]]);
});

test("OK: an array that does not begin at 1 keeps its bounds in the result of a query", async () => {
  const { rows } = await query(
    user(),
    sourceId,
    "select '[0:1]={1,2}'::int[], '{1,2}'::int[], '[-1:-1]={a}'::text[]",
  );
  expect(rows).toEqual([["[0:1]={1,2}", [1, 2], "[-1:-1]={a}"]]);
});

test("OK: as many columns as a table can have", async () => {
  const columns = Array.from({ length: 1600 }, (_, index) => `c${index + 1}`);
  await foreign().sql.unsafe(`
    create table widest (${columns.map((name) => `${name} int`).join(", ")});
    insert into widest (c1, c1600) select n, -n from generate_series(1, 50) as n;
    grant select on widest to public`);
  const { widest = "" } = await tablesOf(user(), sourceId);
  for (const format of [ExtractFormat.PARQUET, ExtractFormat.CSV]) {
    const planned = await plan(user(), sourceId, [widest], { format });
    const [extracted] = await extractAll(user(), planned);
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    const extension = format === ExtractFormat.CSV ? "csv" : "parquet";
    const rows = await textsOf(extracted?.bytes ?? Buffer.alloc(0), extension);
    expect(rows).toHaveLength(50);
    expect(Object.keys(rows[0] ?? {})).toEqual(columns);
    expect(rows.map(({ c1, c2, c1600 }) => [c1, c2, c1600])).toEqual(
      rows.map((_, index) => [String(index + 1), null, String(-index - 1)]),
    );
  }
  const { rows } = await query(user(), sourceId, "select * from widest order by c1", { maxRows: 1 });
  expect(rows).toEqual([[1, ...Array(1598).fill(null), -1]]);
});

/** Values as PostgreSQL takes them, by the type of their column. */
const randomColumns = {
  small: ["smallint", fc.integer({ min: -32_768, max: 32_767 }).map(String)],
  whole: ["integer", fc.integer().map(String)],
  big: ["bigint", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  real: ["real", fc.float().map(String)],
  double: ["double precision", fc.double().map(String)],
  short: ["numeric(9,3)", decimals(9, 3)],
  price: ["numeric(12,2)", decimals(12, 2)],
  long: ["numeric(18,5)", decimals(18, 5)],
  longest: ["numeric(38,10)", decimals(38, 10)],
  any: ["numeric", decimals(60, 30)],
  text: [
    "text",
    fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => text.replaceAll("\0", "").toWellFormed()),
  ],
  word: ["text", fc.constantFrom("a", "b", "", "\\N", "NULL")],
  day: ["date", fc.integer({ min: -2_440_000, max: 2_000_000_000 }).map((days) => `epoch ${days}`)],
  flag: ["boolean", fc.boolean().map(String)],
  id: ["uuid", fc.uuid()],
} as const satisfies Record<string, readonly [string, fc.Arbitrary<string>]>;

function decimals(precision: number, scale: number): fc.Arbitrary<string> {
  const max = 10n ** BigInt(precision) - 1n;
  return fc.bigInt({ min: -max, max }).map((units) => {
    const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
    return `${units < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  });
}

test("OK: random values of the common types, and missing ones, in files of several row groups", async () => {
  const names = Object.keys(randomColumns) as (keyof typeof randomColumns)[];
  const arbitrary = fc.record(
    Object.fromEntries(
      names.map((name) => [name, fc.option(randomColumns[name][1] as fc.Arbitrary<string>, { freq: 8 })]),
    ),
  );
  const rows = fc.sample(arbitrary, { numRuns: 400, seed: 12 });
  const columns = names.map((name) => ({ name, type: randomColumns[name][0] }));
  await foreign().sql.unsafe(`
    create table random (n int, ${columns.map(({ name, type }) => `"${name}" ${type}`).join(", ")});
    grant select on random to public`);
  const list = rows.map((row, index) => {
    const values = names.map((name) => {
      const text = row[name] ?? null;
      return text?.startsWith("epoch ") ? `'1970-01-01'::date + ${text.slice(6)}` : literal(text);
    });
    return `(${[index, ...values].join(", ")})`;
  });
  await foreign().sql.unsafe(`insert into random values ${list.join(", ")}`);
  // Enough rows for several row groups.
  const copies = 310;
  await foreign().sql.unsafe(`create table many as select random.* from generate_series(1, ${copies}) as s, random order by s, n;
    grant select on many to public`);
  const wanted = await foreign().sql.begin(async (sql) => {
    await sql.unsafe(sessionSettings);
    return sql.unsafe(
      `select n::text, ${names.map((name) => `"${name}"::text`).join(", ")} from random order by random.n`,
    );
  });
  const tables = (await user().catalog.discover({ sourceId })).added;
  const tableId = tables.find(({ name }) => name === "many")?.tableId ?? "";
  const planned = await plan(user(), sourceId, [tableId]);
  const [extracted] = await extractAll(user(), planned);
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  const types = new Map(planned.tables[0]?.columns.map(({ name, dataType }) => [name, dataType]));
  const found = await textsOf(extracted?.bytes ?? Buffer.alloc(0), "parquet");
  expect(found).toHaveLength(400 * copies);
  for (const name of ["n", ...names]) {
    const dataType = types.get(name) ?? "";
    const column = wanted.map((row) => {
      const text = row[name] as string | null;
      if (text === null) return null;
      return dataType === "BOOLEAN" ? text : asDuckDb(text, dataType);
    });
    // Every copy is compared; the first difference is reported.
    const different = found.findIndex((row, index) => {
      const text = row[name] ?? null;
      return (text === null ? null : ofDuckDb(text, dataType)) !== column[index % 400];
    });
    expect({ name, different, found: found[different]?.[name], wanted: column[different % 400] }).toEqual({
      name,
      different: -1,
      found: undefined,
      wanted: undefined,
    });
  }
});
