import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ResultFormat } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { createFileSource, type Orchestration, startOrchestration } from "../orchestration/orchestration.ts";
import { stream } from "../orchestration/result-streams.ts";

// Results read by pyarrow and polars. EXACT_PYTHON is a Python with both; without it these tests are skipped.

const python = process.env.EXACT_PYTHON;

/** A column: DuckDB's value, its form in the typed formats, and its text. */
type Case = readonly [sql: string, typed: string, text?: string];

const day = 86_400_000_000_000n;
const nanoseconds = (days: bigint, rest = 0n) => String(days * day + rest);

const cases: readonly Case[] = [
  ["true", "True", "true"],
  ["(-128)::TINYINT", "-128"],
  ["18446744073709551615::UBIGINT", "18446744073709551615"],
  ["9007199254740993::BIGINT", "9007199254740993"],
  ["17014118346046923173168730371588410572::HUGEINT", "17014118346046923173168730371588410572"],
  ["1.50::DECIMAL(4,2)", "1.50"],
  ["-0.00000000000000000001::DECIMAL(38,20)", "-1E-20", "-0.00000000000000000001"],
  ["1.1::DOUBLE", "1.1"],
  ["5e-324::DOUBLE", "5e-324"],
  ["16777216::FLOAT", "16777216.0"],
  ["'é 🧾 \"q\", ' || chr(10) || 'line'", 'é 🧾 "q", \nline'],
  ["''", ""],
  ["repeat('x', 100)", "x".repeat(100)],
  ["'\\xAA\\x00'::BLOB", "aa00", "qgA="],
  ["DATE '2020-02-29'", "day 18321", "2020-02-29"],
  ["TIME '10:00:00.5'", String(36_000_500_000_000n), "10:00:00.5"],
  ["TIMESTAMP '2020-01-01 00:00:00.000001'", nanoseconds(18_262n, 1000n), "2020-01-01T00:00:00.000001"],
  ["TIMESTAMP '1969-12-31 23:59:59.999999'", nanoseconds(0n, -1000n), "1969-12-31T23:59:59.999999"],
  [
    "TIMESTAMP_NS '2020-01-01 00:00:00.123456789'",
    nanoseconds(18_262n, 123_456_789n),
    "2020-01-01T00:00:00.123456789",
  ],
  ["TIMESTAMP_MS '2020-01-01 00:00:00.25'", nanoseconds(18_262n, 250_000_000n), "2020-01-01T00:00:00.25"],
  ["TIMESTAMPTZ '2020-01-01 02:00:00+02'", nanoseconds(18_262n), "2020-01-01T00:00:00Z"],
  ["INTERVAL '14 months 3 days'", "P1Y2M3D"],
  ["'a'::ENUM('a','b')", "a"],
  ["[1::BIGINT, NULL]", "[1, null]", '["1",null]'],
  ["[['a'], [], NULL]", '[["a"], [], null]', '[["a"],[],null]'],
  ["{'a': 1, 'b': 'x'}", '{"a": 1, "b": "x"}', '{"a":1,"b":"x"}'],
];

/** Rows of values and of nulls, more than DuckDB returns in one chunk. */
const rows = 3000;
const sql = `SELECT ${cases.map(([value], index) => `CASE WHEN i % 2 = 0 THEN ${value} END AS c${index}`).join(", ")} FROM range(${rows}) AS r(i) ORDER BY i`;

type Found = { found: Record<string, Record<string, (string | null)[]>>; types: Record<string, string> };

describe.skipIf(python === undefined)("read by pyarrow and polars", () => {
  const stack = new AsyncDisposableStack();
  let mesh: Orchestration;
  let read: Found;
  beforeAll(async () => {
    mesh = stack.use(await startOrchestration());
    const folder = stack.use(await temporaryFolder()).path;
    const user = mesh.user();
    const source = await createFileSource(mesh, user, "one.csv", "n\n1\n");
    for (const [name, format] of [
      ["arrows", ResultFormat.ARROW],
      ["parquet", ResultFormat.PARQUET],
      ["csv", ResultFormat.CSV],
      ["ndjson", ResultFormat.NDJSON],
    ] as const) {
      const { bytes } = await stream(user, source, sql, format, { timeout: { seconds: 300n } });
      await writeFile(join(folder, `result.${name}`), bytes);
    }
    const script = join(import.meta.dirname, "read_results.py");
    const { stdout } = await promisify(execFile)(python ?? "", [script, folder], { maxBuffer: 2 ** 30 });
    read = JSON.parse(stdout);
  });
  afterAll(() => stack.disposeAsync());

  /** Distinct values of a column with their counts. */
  const countsOf = (values: readonly (string | null)[] = []) =>
    Object.fromEntries([...Map.groupBy(values, String)].map(([value, all]) => [value, all.length]));

  test.each(["arrow by pyarrow", "arrow by polars", "parquet by pyarrow", "parquet by polars"])(
    "OK: every value of %s",
    (reader) => {
      const found = cases.map(([value], index) => [value, countsOf(read.found[reader]?.[`c${index}`])]);
      expect(Object.fromEntries(found)).toEqual(
        Object.fromEntries(cases.map(([value, typed]) => [value, { [typed]: rows / 2, null: rows / 2 }])),
      );
    },
  );

  test.each(["csv by pyarrow", "csv by polars"])("OK: every text of %s, and what is missing", (reader) => {
    const found = cases.map(([value], index) => [value, countsOf(read.found[reader]?.[`c${index}`])]);
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(
        cases.map(([value, typed, text = typed]) => [value, { [text]: rows / 2, null: rows / 2 }]),
      ),
    );
  });

  test("OK: the lines of NDJSON by polars", () => {
    const found = read.found["ndjson by polars"] ?? {};
    expect([countsOf(found.c3), countsOf(found.c10), countsOf(found.c11)]).toEqual([
      { "9007199254740993": rows / 2, null: rows / 2 },
      { 'é 🧾 "q", \nline': rows / 2, null: rows / 2 },
      { "": rows / 2, null: rows / 2 },
    ]);
  });

  test("OK: the types of Arrow", () => {
    expect(
      Object.fromEntries(cases.map(([value], index) => [value, read.types[`c${index}`]])),
    ).toMatchSnapshot();
  });
});
