import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withinCall } from "../../services/lib/rpc/call.ts";
import type { Engine } from "../../services/orchestration/engine/engine.ts";
import type { QueryResult } from "../../services/orchestration/results/query-result.ts";
import { principal, temporaryFolder } from "../lib/test-mesh.ts";
import { startEngine, writeParquet } from "./engines.ts";

// After a small statement the process keeps the database open for the same user's next one.

type Run = (file: string, sql: string) => Promise<unknown>;
type RunQuery = (file: string, sql: string) => Promise<QueryResult>;

let engine: Engine;
let run: Run;
let ask: RunQuery;
let folder: string;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  folder = stack.use(await temporaryFolder()).path;
  engine = stack.use(await startEngine(join(folder, "engine")));
  for (const [name, select] of [
    ["one", "SELECT range AS n FROM range(5)"],
    ["twin", "SELECT range + 1 AS n FROM range(5)"],
    ["many", "SELECT range AS n FROM range(5000)"],
    ["other", "SELECT 'text' || range AS t FROM range(7)"],
  ]) {
    await writeParquet(join(folder, `${name}.parquet`), select ?? "");
  }
  const who = principal();
  const limit = { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 };
  const call = { requestId: "test", traceparent: undefined, tracestate: undefined, deadlineMs: undefined };
  ask = (file, sql) =>
    withinCall({ ...call, principal: who, signal: limit.signal }, async () => {
      const task = {
        kind: "query" as const,
        path: join(folder, `${file}.parquet`),
        fileName: `${file}.parquet`,
        reading: { format: "parquet" as const },
        tableName: file,
        sql,
        maxRows: 100,
      };
      const reply = await engine.run(task, limit);
      if (reply.kind !== "queried") throw new Error("the engine answered something else");
      return reply.result;
    });
  run = async (file, sql) => (await ask(file, sql)).rows;
});
afterAll(() => stack.disposeAsync());

test("OK: each statement reads the file of its own source, which all have the same name there", async () => {
  for (let turn = 0; turn < 3; turn += 1) {
    expect(await run("one", "SELECT count(*), max(n) FROM one")).toEqual([["5", "4"]]);
    expect(await run("twin", "SELECT count(*), max(n) FROM twin")).toEqual([["5", "5"]]);
    expect(await run("other", "SELECT count(*), max(t) FROM other")).toEqual([["7", "text6"]]);
  }
});

test("sqlInvalid: the table of the statement before is gone, and so is what that made", async () => {
  await run("one", "FROM one");
  await expect(run("other", "FROM one")).rejects.toMatchObject({ kind: "sqlInvalid" });
  await run("one", "FROM one");
  await expect(run("other", 'FROM "one (result)"')).rejects.toMatchObject({ kind: "sqlInvalid" });
  await run("one", "FROM one");
  await expect(run("other", 'FROM temp."one (statement)"')).rejects.toThrow();
  expect(await run("other", "SELECT count(*) FROM other")).toEqual([["7"]]);
});

test("OK: a statement that has passed once is looked at anew where the columns have other types", async () => {
  const sql = "SELECT min(n) FROM same";
  for (const [column, smallest] of [
    ["range + 9 AS n", "9"],
    ["(range + 9)::VARCHAR AS n", "10"],
    ["range + 9 AS n", "9"],
  ]) {
    await writeParquet(join(folder, "same.parquet"), `SELECT ${column} FROM range(5)`);
    expect(await run("same", sql)).toEqual([[smallest]]);
  }
});

test("OK: a type within another one is told as what it is, whatever was asked before", async () => {
  const sql = "SELECT s.a FROM nested";
  for (const type of ["VARCHAR", "JSON", "VARCHAR"]) {
    await writeParquet(join(folder, "nested.parquet"), `SELECT {'a': '1'::${type}} AS s`);
    expect((await ask("nested", sql)).columns).toEqual([{ name: "a", dataType: type }]);
  }
});

test("OK: results that are cut off, again and again", async () => {
  for (let count = 0; count < 20; count += 1) {
    const { rows, truncated } = await ask("many", "SELECT n, repeat('x', 1000) FROM many");
    expect([rows.length, truncated]).toEqual([100, true]);
  }
});

test("statementRefused: what would stay behind a statement", async () => {
  for (const sql of [
    "SELECT setseed(0.5) FROM one",
    "SET VARIABLE a = 1",
    "CREATE TEMP TABLE a AS FROM one",
  ]) {
    await expect(run("one", sql)).rejects.toMatchObject({ kind: "statementRefused" });
  }
});

test("OK: settings stay locked, in every statement", async () => {
  for (let turn = 0; turn < 3; turn += 1) {
    await expect(run("one", "SET threads = 1")).rejects.toMatchObject({ kind: "statementRefused" });
    expect(await run("one", "SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' FROM one LIMIT 1")).toEqual([
      ["2024-01-01T00:00:00Z"],
    ]);
  }
});

test("OK: more statements than one database has", async () => {
  for (let count = 0; count < 230; count += 1) {
    expect(await run("one", `SELECT ${count} + count(*) FROM one`)).toEqual([[String(count + 5)]]);
  }
});
