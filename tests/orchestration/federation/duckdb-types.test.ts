import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { databaseBytes, databaseSource } from "../duckdb/duckdb-file.ts";
import { failureOf, startOrchestration } from "../orchestration.ts";
import { rowsOf } from "./scene.ts";

const scene = forFile(async () => {
  const mesh = await startOrchestration();
  const user = mesh.user();
  const bytes = await databaseBytes(
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    `CREATE TABLE t AS SELECT 170141183460469231731687303715884105727::HUGEINT AS h, 'bad'::mood AS m,
      '{"a": 1.0}'::JSON AS j, '12:00:00+05:30'::TIMETZ AS z, ['good'::mood] AS l, INTERVAL 1 DAY AS i,
      {'h': 1::HUGEINT} AS s`,
    "CREATE TABLE moods AS SELECT unnest(['bad'::mood, 'good'::mood]) AS m",
  );
  const sourceId = await databaseSource(mesh, user, bytes);
  await user.catalog.discover({ sourceId });
  return { user, sourceId, [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
});

test("OK: columns of a DuckDB file that no Parquet file holds have their types and values again", async () => {
  const { user, sourceId } = scene();
  const sql = `SELECT h::VARCHAR, typeof(h), m::VARCHAR, typeof(m), j::VARCHAR, typeof(j), z::VARCHAR, l::VARCHAR
    FROM "${sourceId}".main.t`;
  expect(await rowsOf(user, sql)).toEqual([
    [
      "170141183460469231731687303715884105727",
      "HUGEINT",
      "bad",
      "ENUM('good', 'bad')",
      '{"a": 1.0}',
      "JSON",
      "12:00:00+05:30",
      "[good]",
    ],
  ]);
  // An enumeration is in its own order.
  expect(await rowsOf(user, `SELECT m::VARCHAR FROM "${sourceId}".main.moods ORDER BY m`)).toEqual([
    ["good"],
    ["bad"],
  ]);
});

test.each([
  ["i", "INTERVAL"],
  ["s", 'STRUCT("h" HUGEINT)'],
])("FailedPrecondition: the column %s, whose text is not its value again", async (column, type) => {
  const { user, sourceId } = scene();
  const sql = `SELECT ${column} FROM "${sourceId}".main.t`;
  expect(await failureOf(user.executions.executeQuery({ sql }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
    message: expect.stringContaining(`the column "${column}" of "${sourceId}".main.t has the type ${type},`),
  });
});
