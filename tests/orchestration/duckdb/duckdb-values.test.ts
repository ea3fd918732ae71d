import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { extractChunk, plan, tablesOf } from "../extracts.ts";
import { failureOf, query, startOrchestration, type User } from "../orchestration.ts";
import { databaseBytes, databaseSource } from "./duckdb-file.ts";

const mesh = forFile(startOrchestration);

/** Value, type in the source, type in the file, and DuckDB's text of what is in the file. */
const samples: readonly (readonly [value: string, source: string, written: string, text: string])[] = [
  ["true", "BOOLEAN", "BOOLEAN", "true"],
  ["(-128)::TINYINT", "TINYINT", "TINYINT", "-128"],
  ["255::UTINYINT", "UTINYINT", "UTINYINT", "255"],
  ["(-32768)::SMALLINT", "SMALLINT", "SMALLINT", "-32768"],
  ["65535::USMALLINT", "USMALLINT", "USMALLINT", "65535"],
  ["(-2147483648)::INTEGER", "INTEGER", "INTEGER", "-2147483648"],
  ["4294967295::UINTEGER", "UINTEGER", "UINTEGER", "4294967295"],
  ["9007199254740993", "BIGINT", "BIGINT", "9007199254740993"],
  ["18446744073709551615::UBIGINT", "UBIGINT", "UBIGINT", "18446744073709551615"],
  [
    "170141183460469231731687303715884105727::HUGEINT",
    "HUGEINT",
    "VARCHAR",
    "170141183460469231731687303715884105727",
  ],
  [
    "340282366920938463463374607431768211455::UHUGEINT",
    "UHUGEINT",
    "VARCHAR",
    "340282366920938463463374607431768211455",
  ],
  [
    "'123456789012345678901234567890123456789012'::BIGNUM",
    "BIGNUM",
    "VARCHAR",
    "123456789012345678901234567890123456789012",
  ],
  ["0.1::FLOAT", "FLOAT", "FLOAT", "0.1"],
  ["'nan'::DOUBLE", "DOUBLE", "DOUBLE", "nan"],
  ["'-infinity'::DOUBLE", "DOUBLE", "DOUBLE", "-inf"],
  ["1.50::DECIMAL(4,2)", "DECIMAL(4,2)", "DECIMAL(4,2)", "1.50"],
  [
    "99999999999999999999999999999999999.999::DECIMAL(38,3)",
    "DECIMAL(38,3)",
    "DECIMAL(38,3)",
    "99999999999999999999999999999999999.999",
  ],
  ["'żółw' || chr(0) || '🐢'", "VARCHAR", "VARCHAR", "żółw\0🐢"],
  ["'\\x00\\xFF'::BLOB", "BLOB", "BLOB", "\\x00\\xFF"],
  ["'0101'::BIT", "BIT", "VARCHAR", "0101"],
  ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID", "UUID", "UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
  ["'good'::mood", "ENUM('good', 'bad')", "VARCHAR", "good"],
  ["DATE '0044-03-15 (BC)'", "DATE", "DATE", "0044-03-15 (BC)"],
  ["TIME '23:59:59.999999'", "TIME", "TIME", "23:59:59.999999"],
  ["'12:00:00.123456789'::TIME_NS", "TIME_NS", "VARCHAR", "12:00:00.123456789"],
  ["'12:00:00+05:30'::TIMETZ", "TIME WITH TIME ZONE", "VARCHAR", "12:00:00+05:30"],
  ["TIMESTAMP '2024-02-29 10:00:00.000001'", "TIMESTAMP", "TIMESTAMP", "2024-02-29 10:00:00.000001"],
  ["'2024-02-29 10:00:01'::TIMESTAMP_S", "TIMESTAMP_S", "TIMESTAMP", "2024-02-29 10:00:01"],
  // DuckDB reads milliseconds of Parquet as microseconds.
  ["'2024-02-29 10:00:01.001'::TIMESTAMP_MS", "TIMESTAMP_MS", "TIMESTAMP", "2024-02-29 10:00:01.001"],
  [
    "'2024-02-29 10:00:01.000000001'::TIMESTAMP_NS",
    "TIMESTAMP_NS",
    "TIMESTAMP_NS",
    "2024-02-29 10:00:01.000000001",
  ],
  [
    "TIMESTAMPTZ '2024-02-29 10:00:00+02'",
    "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP WITH TIME ZONE",
    "2024-02-29 08:00:00+00",
  ],
  ["INTERVAL '-1 month 2 days' + INTERVAL '0.000001 seconds'", "INTERVAL", "VARCHAR", "P-1M2DT0.000001S"],
  ["[1, NULL, 3]", "INTEGER[]", "INTEGER[]", "[1, NULL, 3]"],
  ["[1, 2]::INTEGER[2]", "INTEGER[2]", "INTEGER[]", "[1, 2]"],
  ["[]::INTEGER[]", "INTEGER[]", "INTEGER[]", "[]"],
  [
    "{'a': 1, 'BIT': [{'b': 'x'}]}",
    'STRUCT("a" INTEGER, "BIT" STRUCT("b" VARCHAR)[])',
    'STRUCT("a" INTEGER, "BIT" STRUCT("b" VARCHAR)[])',
    "{'a': 1, 'BIT': [{'b': x}]}",
  ],
  ["MAP {'k': 1.5}", "MAP(VARCHAR, DECIMAL(2,1))", "MAP(VARCHAR, DECIMAL(2,1))", "{k=1.5}"],
  ["{'h': 1::HUGEINT}", 'STRUCT("h" HUGEINT)', "VARCHAR", '{"h":"1"}'],
  ["[INTERVAL 1 DAY]", "INTERVAL[]", "VARCHAR", '["P1D"]'],
  ["['good'::mood]", "ENUM('good', 'bad')[]", "VARCHAR[]", "[good]"],
  [
    "union_value(num := 2)::UNION(num INTEGER, str VARCHAR)",
    'UNION("num" INTEGER, "str" VARCHAR)',
    "VARCHAR",
    '{"num":2}',
  ],
  ["'{\"a\": 1.0}'::JSON", "JSON", "VARCHAR", '{"a": 1.0}'],
  ["NULL::INTEGER", "INTEGER", "INTEGER", "null"],
];

const name = (index: number) => `c${index}`;

/** The rows of a Parquet file as DuckDB's texts, and the types of its columns. */
async function readBack(bytes: Buffer): Promise<{ types: string[]; texts: string[] }> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "chunk.parquet");
  await writeFile(path, bytes);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const described = await connection.runAndReadAll(`DESCRIBE FROM '${path}'`);
    const list = samples.map((_, index) => `coalesce(${name(index)}::VARCHAR, 'null')`).join(", ");
    const read = await connection.runAndReadAll(`SELECT ${list} FROM '${path}'`);
    return {
      types: described.getRowObjectsJson().map(({ column_type }) => String(column_type)),
      texts: (read.getRowsJson()[0] ?? []).map(String),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function extractTable(user: User, sourceId: string, tableId = ""): Promise<Buffer> {
  const planned = await plan(user, sourceId, [tableId]);
  const [chunk] = planned.chunks;
  if (!chunk) throw new Error("there is no chunk");
  try {
    return (await extractChunk(user, planned, chunk)).bytes;
  } finally {
    await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  }
}

describe("types of DuckDB", () => {
  test("OK: each value as it is, in its type or as text", async () => {
    const columns = samples.map(([value], index) => `${value} AS ${name(index)}`).join(", ");
    const user = mesh().user();
    const bytes = await databaseBytes(
      "CREATE TYPE mood AS ENUM ('good', 'bad')",
      `CREATE TABLE samples AS SELECT ${columns}`,
    );
    const sourceId = await databaseSource(mesh(), user, bytes);
    const { types, texts } = await readBack(
      await extractTable(user, sourceId, (await tablesOf(user, sourceId)).samples),
    );
    const { tables } = await user.catalog.listTables({ sourceId });
    const found = tables[0]?.columns.map(({ dataType }) => dataType) ?? [];
    expect(found.map((source, index) => [samples[index]?.[0], source])).toEqual(
      samples.map(([value, source]) => [value, source]),
    );
    const unquoted = (type: string | undefined) => type?.replaceAll('"', "");
    expect(types.map((type, index) => [samples[index]?.[0], unquoted(type), texts[index]])).toEqual(
      samples.map(([value, , written, text]) => [value, unquoted(written), text]),
    );
  });

  test("FailedPrecondition SOURCE_DATA_INVALID: what no file holds, by the name of the column", async () => {
    const user = mesh().user();
    const refused = [
      ["DATE 'infinity'", "a value beyond all dates"],
      ["TIME '24:00:00'", "a value beyond all dates or times"],
      ["{'t': TIMESTAMP '-infinity'}", "a value beyond all dates"],
      ["{'a': 1}::VARIANT", "has the type VARIANT"],
    ];
    const views = refused.map(([value], index) => `CREATE VIEW v${index} AS SELECT ${value} AS odd`);
    const sourceId = await databaseSource(mesh(), user, await databaseBytes(...views));
    const tables = await tablesOf(user, sourceId);
    for (const [index, [, problem = ""]] of refused.entries()) {
      const { reason, message } = await failureOf(extractTable(user, sourceId, tables[`v${index}`]));
      expect([reason, message]).toEqual(["SOURCE_DATA_INVALID", expect.stringContaining(problem)]);
      expect(message).toContain('"odd"');
    }
  });

  test("OK: names that need quotes, schemas, deleted rows, computed columns, and a column named rowid", async () => {
    const user = mesh().user();
    const bytes = await databaseBytes(
      'CREATE SCHEMA "an ""odd"" one"',
      'CREATE TABLE "an ""odd"" one"."ta.ble ""🐢""" ("sel""ect" INTEGER, twice INTEGER GENERATED ALWAYS AS ("sel""ect" * 2))',
      'INSERT INTO "an ""odd"" one"."ta.ble ""🐢""" FROM range(10)',
      'DELETE FROM "an ""odd"" one"."ta.ble ""🐢""" WHERE "sel""ect" BETWEEN 3 AND 7',
      "CREATE TABLE ids AS SELECT 7 AS rowid FROM range(3)",
    );
    const sourceId = await databaseSource(mesh(), user, bytes);
    const tables = await tablesOf(user, sourceId);
    const planned = await plan(user, sourceId, [tables['ta.ble "🐢"'] ?? "", tables.ids ?? ""], {
      chunkRows: 4n,
    });
    expect(planned.chunks.map(({ tableIndex, range }) => [tableIndex, range])).toEqual([
      [0, "rowid 0-4"],
      [0, "rowid 4-8"],
      [0, "rowid 8-10"],
      [1, "all"],
    ]);
    const counts: bigint[] = [];
    for (const chunk of planned.chunks)
      counts.push((await extractChunk(user, planned, chunk)).summary.rowCount);
    expect(counts).toEqual([3n, 0n, 2n, 3n]);
    const sql = 'SELECT sum(twice), (SELECT count(*) FROM main.ids) FROM "an ""odd"" one"."TA.BLE ""🐢"""';
    expect((await query(user, sourceId, sql)).rows).toEqual([["40", "3"]]);
    await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });

  test("OK: the same bytes have the same snapshot, but for views that depend on more", async () => {
    const user = mesh().user();
    const bytes = await databaseBytes(
      "CREATE TABLE t AS FROM range(10) AS r(i)",
      "CREATE VIEW fixed AS SELECT i + 1 AS i FROM t",
      "CREATE VIEW drawn AS SELECT random() AS r FROM t",
    );
    const sourceId = await databaseSource(mesh(), user, bytes);
    const tables = await tablesOf(user, sourceId);
    const planOf = async (table: string) => {
      const { snapshotId, snapshot, repeatable } = await plan(user, sourceId, [tables[table] ?? ""]);
      await user.extracts.closeSnapshot({ snapshotId });
      return { snapshot, repeatable };
    };
    expect(await planOf("t")).toEqual({ snapshot: expect.stringMatching(/^sha256:/), repeatable: true });
    expect(await planOf("fixed")).toEqual(await planOf("t"));
    expect(await planOf("drawn")).toMatchObject({ repeatable: false });
  });
});
