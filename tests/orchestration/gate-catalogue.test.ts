import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSandbox, readRows } from "../../services/orchestration/engine/database/sandbox.ts";
import {
  allowedFunctions,
  allowedTableFunctions,
  refusedFunctions,
  refusedTableFunctions,
} from "../../services/orchestration/engine/gate/functions.ts";
import { changingFunctions } from "../../services/orchestration/engine/gate/repeatable.ts";
import {
  allowedCollations,
  allowedTypes,
  collationFunctions,
} from "../../services/orchestration/engine/gate/types.ts";
import { createStatementRunner, memoryBytes, type StatementRunner } from "./statement-runner.ts";

// Compares the lists with the installed DuckDB's own catalogue. A version with new functions fails here until they are reviewed.

let runner: StatementRunner;
let connection: DuckDBConnection;
beforeAll(async () => {
  runner = await createStatementRunner();
  connection = await openSandbox({
    path: runner.path,
    spillDirectory: `${runner.folder}/spill`,
    memoryBytes,
  });
});
afterAll(async () => {
  connection.closeSync();
  await runner[Symbol.asyncDispose]();
});

/** A type as a value. */
const refusedTypes = ["type"];

const notCallable = [...Object.values(refusedFunctions).flat(), ...collationFunctions];

const namesOf = async (sql: string): Promise<string[]> =>
  (await readRows(connection, sql)).map(({ name }) => String(name).toLowerCase());

const functionsOf = (...types: string[]) =>
  namesOf(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
     WHERE function_type IN (${types.map((type) => `'${type}'`).join(", ")})`,
  );

/** Names that are in no list, and names that are in both. */
const unclear = (names: string[], allowed: Iterable<string>, refused: Iterable<string>): string[] => {
  const [may, mayNot] = [new Set(allowed), new Set(refused)];
  return names.filter((name) => may.has(name) === mayNot.has(name));
};

test("every function that DuckDB has is allowed or refused", async () => {
  const names = await functionsOf("scalar", "aggregate", "macro");
  expect(names.length).toBeGreaterThan(700);
  expect(unclear(names, allowedFunctions, notCallable)).toEqual([]);
});

test("every table function that DuckDB has is allowed or refused", async () => {
  const names = await functionsOf("table", "table_macro");
  expect(names.length).toBeGreaterThan(80);
  expect(unclear(names, allowedTableFunctions.keys(), Object.values(refusedTableFunctions).flat())).toEqual(
    [],
  );
});

test("every allowed function that the catalogue does not call CONSISTENT is one that changes", async () => {
  const words = `'\\b(${[...changingFunctions].join("|")})\\b'`;
  const inconsistent = await namesOf(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
     WHERE function_type IN ('scalar', 'aggregate') AND stability IS DISTINCT FROM 'CONSISTENT'
        OR function_type = 'macro' AND regexp_matches(lower(macro_definition), ${words})`,
  );
  expect(inconsistent).toContain("random");
  expect(inconsistent).toContain("ago");
  const kept = inconsistent.filter((name) => allowedFunctions.has(name) && !changingFunctions.has(name));
  // It has no result.
  expect(kept).toEqual(["error"]);
});

test("no kind of function is new", async () => {
  expect(await namesOf("SELECT DISTINCT function_type AS name FROM duckdb_functions() ORDER BY ALL")).toEqual(
    ["aggregate", "macro", "pragma", "scalar", "table", "table_macro"],
  );
});

test("every type that DuckDB has is allowed or refused, by each of its names", async () => {
  const names = await namesOf(
    "SELECT type_name AS name FROM duckdb_types() UNION SELECT logical_type FROM duckdb_types()",
  );
  expect(names.length).toBeGreaterThan(80);
  expect(unclear(names, allowedTypes, refusedTypes)).toEqual([]);
});

test("every collation that DuckDB has is allowed", async () => {
  const names = await namesOf("SELECT collname AS name FROM pragma_collations()");
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name) => !allowedCollations.has(name))).toEqual([]);
});

test("statementRefused: every refused function, called with no, one and two arguments", async () => {
  for (const name of notCallable) {
    for (const values of ["", "1", "1, 2"]) {
      expect(await runner.failureOf(`SELECT "${name}"(${values})`)).toMatchObject({
        kind: "statementRefused",
      });
    }
  }
});

test("statementRefused: every refused table function", async () => {
  for (const name of Object.values(refusedTableFunctions).flat()) {
    expect(await runner.failureOf(`FROM "${name}"(1)`)).toMatchObject({ kind: "statementRefused" });
  }
});

test("statementRefused: every pragma and every setting that DuckDB has", async () => {
  const settings = await namesOf("SELECT name FROM duckdb_settings()");
  expect(settings.length).toBeGreaterThan(100);
  const statements = [
    ...(await functionsOf("pragma")).map((name) => `PRAGMA "${name}"`),
    ...settings.flatMap((name) => [
      `SET "${name}" = 1`,
      `RESET "${name}"`,
      `SELECT current_setting('${name}')`,
    ]),
  ];
  for (const sql of statements) {
    expect(await runner.failureOf(sql), sql).toMatchObject({ kind: "statementRefused" });
  }
});
