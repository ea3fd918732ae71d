import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf as detailedFailureOf } from "../lib/failure-of.ts";
import { listen } from "../lib/tcp.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import {
  columnsOf,
  createFileSource,
  createSource,
  dataSet,
  eventually,
  failureOf,
  type Orchestration,
  startOrchestration,
} from "./orchestration.ts";

let mesh: Orchestration;
beforeAll(async () => {
  mesh = await startOrchestration();
});
afterAll(() => mesh[Symbol.asyncDispose]());

/** Discovers a new file source and answers its one table. */
async function discoverFile(name: string, content: Buffer | string, settings = {}) {
  const user = mesh.user();
  const sourceId = await createFileSource(mesh, user, name, content, settings);
  const { added } = await user.catalog.discover({ sourceId });
  const [table] = added;
  if (!table || added.length !== 1) throw new Error("not one table");
  return { name: table.name, columns: columnsOf(table), rowCount: table.rowCount };
}

describe("files", () => {
  test.each([
    ["seattle-weather.csv", "seattle-weather", 1461n, ["date DATE", "precipitation DOUBLE"]],
    ["cars.json", "cars", 406n, ["Name VARCHAR", "Miles_per_Gallon DOUBLE"]],
    ["flights-3m.parquet", "flights-3m", 3_000_000n, ["date TIMESTAMP", "delay BIGINT"]],
    ["unemployment.tsv", "unemployment", 3218n, ["id BIGINT", "rate DOUBLE"]],
  ])("OK: the public data set %s", async (file, name, rowCount, firstColumns) => {
    const found = await discoverFile(file, await dataSet(file));
    expect({ ...found, columns: found.columns.slice(0, 2) }).toEqual({
      name,
      rowCount,
      columns: firstColumns,
    });
  });

  test.each<[string, string, { columns: string[]; rowCount: bigint }]>([
    ["header.csv", "a,b\n", { columns: ["a VARCHAR", "b VARCHAR"], rowCount: 0n }],
    ["column.csv", "name\nx\ny\n", { columns: ["name VARCHAR"], rowCount: 2n }],
    ["windows.csv", "a,b\r\n1,2\r\n3,4\r\n", { columns: ["a BIGINT", "b BIGINT"], rowCount: 2n }],
    ["semicolons.csv", "a;b\n1;2,5\n", { columns: ["a BIGINT", "b VARCHAR"], rowCount: 1n }],
    [
      "quoted.csv",
      '"a;x","b"\n"1;2;3;4","x, ""y"""\n',
      { columns: ["a;x VARCHAR", "b VARCHAR"], rowCount: 1n },
    ],
    ["bom.csv", "\uFEFFa,b\n1,é\n", { columns: ["a BIGINT", "b VARCHAR"], rowCount: 1n }],
    ["dates.csv", "d\n31/12/2020\n01/02/2021\n", { columns: ["d DATE"], rowCount: 2n }],
    ["lines.ndjson", '{"a":1}\n{"a":2,"b":"x"}\n', { columns: ["a BIGINT", "b VARCHAR"], rowCount: 2n }],
    ["one.json", '{"a":{"b":[1,2]}}', { columns: ["a STRUCT(b BIGINT[])"], rowCount: 1n }],
    ["no-extension", "a,b\n1,2\n", { columns: ["a BIGINT", "b BIGINT"], rowCount: 1n }],
    ["no-extension-json", '[{"a":-1}]', { columns: ["a BIGINT"], rowCount: 1n }],
  ])("OK: %s", async (name, content, expected) => {
    expect(await discoverFile(name, content)).toMatchObject(expected);
  });

  test("OK: a type that only the last rows of a long file show", async () => {
    const rows = Array.from({ length: 50_000 }, (_, index) => index);
    const csv = await discoverFile("late.csv", `n,m\n${rows.map((row) => `${row},1`).join("\n")}\nx,1.5\n`);
    expect(csv).toMatchObject({ columns: ["n VARCHAR", "m DOUBLE"], rowCount: 50_001n });
    const json = await discoverFile(
      "late.json",
      JSON.stringify([...rows.map((n) => ({ n })), { n: 1.5, m: "x" }]),
    );
    expect(json).toMatchObject({ columns: ["n DOUBLE", "m VARCHAR"], rowCount: 50_001n });
  });

  test("OK: the settings' table name and format", async () => {
    const settings = { tableName: "my table", format: "csv" };
    expect(await discoverFile("data.bin", "a\n1\n", settings)).toMatchObject({
      name: "my table",
      rowCount: 1n,
    });
  });

  const longCsv = Array.from({ length: 100_000 }, (_, index) => `${index},x`);
  test.each<[string, Buffer | string, RegExp]>([
    ["empty.csv", "", /"empty.csv" can't be read: the file is empty/],
    ["blank.csv", "\n\n \n", /the file is empty/],
    ["empty.parquet", "", /the file is empty/],
    ["short-row.csv", "a,b,c\n1,2,3\n4,5\n6,7,8\n", /line 3 has 2 columns instead of 3/],
    ["long-row.csv", "a,b,c\n1,2,3\n4,5,6,7\n", /line 3 has 4 columns instead of 3/],
    ["long-head.csv", "a,b,c,d\n1,2,3\n4,5,6\n", /line 2 has 3 columns instead of 4/],
    ["short-head.csv", "a,b\n1,2,3\n4,5,6\n", /line 2 has 3 columns instead of 2/],
    ["long.csv", `a,b\n${longCsv.join("\n")}\n1,x,y\n`, /line 100002 has 3 columns instead of 2/],
    ["open-quote.csv", 'a,b\n"x,2\n3,4\n', /unterminated quote/],
    ["latin1.csv", Buffer.from("a,b\ncaf\xe9,1\n", "latin1"), /not utf-8/],
    ["cut.json", '[{"a":1},{"a":2', /Malformed JSON in file "cut.json"/],
    ["text.json", "hello", /Malformed JSON/],
    ["binary", Buffer.from([1, 2, 0, 255, 254]), /its format is not known.*settings\.format/],
    ["text.parquet", "a,b\n1,2\n", /"text.parquet" can't be read/],
  ])("FailedPrecondition: the damaged file %s, named with what is wrong", async (name, content, message) => {
    const user = mesh.user();
    const sourceId = await createFileSource(mesh, user, name, content);
    const failure = await failureOf(user.catalog.discover({ sourceId }));
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toContain(mesh.folder);
    expect((await user.catalog.listTables({ sourceId })).tables).toEqual([]);
  });

  test("FailedPrecondition: a Parquet file cut in half", async () => {
    const whole = await dataSet("flights-3m.parquet");
    const user = mesh.user();
    const sourceId = await createFileSource(
      mesh,
      user,
      "flights.parquet",
      whole.subarray(0, whole.length / 2),
    );
    const failure = await failureOf(user.catalog.discover({ sourceId }));
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
    expect(failure.message).toMatch(/the file "flights.parquet" can't be read: No magic bytes found/);
  });

  test("FailedPrecondition: a file that is gone, another organisation's file", async () => {
    const user = mesh.user();
    const others = mesh.peers.addFile(mesh.user().who, "secret.csv", "a\n1\n");
    for (const fileId of [randomUUID(), others]) {
      const sourceId = await createSource(user, "file", { fileId });
      expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
        code: Code.FailedPrecondition,
        reason: "SOURCE_DATA_INVALID",
        message: `the file ${fileId} does not exist`,
      });
    }
  });
});

describe("databases", () => {
  test("OK: what the role may select, with columns, estimates and nullability", async () => {
    const user = mesh.user();
    await using foreign = await startForeignDatabase();
    await foreign.sql.unsafe(`
      create schema sales;
      create type sales.mood as enum ('good', 'bad');
      create table sales.orders (id bigint primary key, total numeric(10,2) not null, mood sales.mood, "odd ""name" text[]);
      create table sales.secret (id int);
      create table sales.half (open int, closed int);
      create view sales.totals as select sum(total) as sum from sales.orders;
      create materialized view sales.frozen as select 1 as one;
      create table public.parts (day date) partition by range (day);
      insert into sales.orders select n, n, null, null from generate_series(1, 100) as n;
      analyze sales.orders;
      grant usage on schema sales to public;
      grant select on sales.orders, sales.totals, sales.frozen, public.parts to public;
      grant select (open) on sales.half to public`);
    const sourceId = await createDatabaseSource(mesh, user, foreign);
    const { added, unchangedCount } = await user.catalog.discover({ sourceId });
    const found = added.map((table) => [table.schemaName, table.name, columnsOf(table), table.rowCount]);
    expect(found).toEqual([
      ["public", "parts", ["day date"], undefined],
      ["sales", "frozen", ["one integer"], undefined],
      ["sales", "half", ["open integer"], undefined],
      [
        "sales",
        "orders",
        ["id bigint not null", "total numeric(10,2) not null", "mood sales.mood", 'odd "name text[]'],
        100n,
      ],
      ["sales", "totals", ["sum numeric"], undefined],
    ]);
    expect(unchangedCount).toBe(0);
    await eventually(() => foreign.connections.size).toBe(0);
  });

  test("OK: only the schemas of the settings", async () => {
    const user = mesh.user();
    await using foreign = await startForeignDatabase();
    await foreign.sql.unsafe("create schema a; create table a.t (n int); create table public.t (n int)");
    await foreign.sql.unsafe("grant usage on schema a to public; grant select on a.t, public.t to public");
    const sourceId = await createDatabaseSource(mesh, user, foreign, { schemas: ["a", "nothing"] });
    const { added } = await user.catalog.discover({ sourceId });
    expect(added.map(({ schemaName }) => schemaName)).toEqual(["a"]);
  });

  test("OK: the second discovery answers what changed, and ids stay", async () => {
    const user = mesh.user();
    await using foreign = await startForeignDatabase();
    await foreign.sql.unsafe(
      "create table kept (n int); create table altered (n int); create table dropped (n int)",
    );
    await foreign.sql.unsafe("grant select on kept, altered, dropped to public");
    const sourceId = await createDatabaseSource(mesh, user, foreign);
    const first = await user.catalog.discover({ sourceId });
    expect(first.added).toHaveLength(3);
    expect(await user.catalog.discover({ sourceId })).toMatchObject({
      added: [],
      changed: [],
      removed: [],
      unchangedCount: 3,
    });
    await foreign.sql.unsafe(
      "drop table dropped; alter table altered add column m text; create table fresh (n int)",
    );
    await foreign.sql.unsafe("grant select on fresh to public; insert into kept values (1); analyze kept");
    const idOf = (name: string) => first.added.find((table) => table.name === name)?.tableId;
    const second = await user.catalog.discover({ sourceId });
    expect(second.added.map(({ name }) => name)).toEqual(["fresh"]);
    expect(second.changed.map(({ tableId }) => tableId)).toEqual([idOf("altered")]);
    expect(second.changed.map(columnsOf)).toEqual([["n integer", "m text"]]);
    expect(second.removed.map(({ tableId }) => tableId)).toEqual([idOf("dropped")]);
    expect(second.unchangedCount).toBe(1);
    const { table } = await user.catalog.getTable({ tableId: idOf("kept") ?? "" });
    expect(table).toMatchObject({
      rowCount: 1n,
      updateTime: first.added.find(({ name }) => name === "kept")?.updateTime,
    });
  });

  test("Unavailable: a host that does not answer, and nothing stays open", async () => {
    const user = mesh.user();
    mesh.peers.addSecret(user.who, "password", "x");
    await using silent = await listen(() => {});
    const settings = {
      host: "127.0.0.1",
      port: silent.port,
      database: "d",
      user: "u",
      passwordSecret: "password",
    };
    const sourceId = await createSource(user, "postgresql", settings);
    expect(await failureOf(user.catalog.discover({ sourceId }))).toEqual({
      code: Code.Unavailable,
      reason: "SOURCE_UNREACHABLE",
      fields: [],
      message: `127.0.0.1:${silent.port} does not answer within 5 s`,
    });
    await eventually(() => silent.connections.size).toBe(0);
  });

  test("FailedPrecondition: a secret that does not exist", async () => {
    const user = mesh.user();
    const settings = { host: "127.0.0.1", database: "d", user: "u", passwordSecret: "none" };
    const sourceId = await createSource(user, "postgresql", settings);
    expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SECRET_NOT_FOUND",
    });
  });
});

describe("any source", () => {
  test("OK: a failed discovery leaves the catalog as it was", async () => {
    const user = mesh.user();
    const fileId = mesh.peers.addFile(user.who, "good.csv", "a\n1\n");
    const sourceId = await createSource(user, "file", { fileId });
    await user.catalog.discover({ sourceId });
    const before = await user.catalog.listTables({ sourceId });
    const settings = { fileId: mesh.peers.addFile(user.who, "bad.csv", "a,b\n1\n") };
    await user.sources.updateSource({ source: { sourceId, settings } });
    expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
      reason: "SOURCE_DATA_INVALID",
    });
    expect(await user.catalog.listTables({ sourceId })).toEqual(before);
  });

  test("Aborted: the source is changed while its tables are read", async () => {
    const user = mesh.user();
    const fileId = mesh.peers.addFile(user.who, "held.csv", "a\n1\n");
    const sourceId = await createSource(user, "file", { fileId });
    const asked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    mesh.peers.beforeBytes = async (id) => {
      if (id !== fileId) return;
      asked.resolve();
      await release.promise;
    };
    const discovery = detailedFailureOf(user.catalog.discover({ sourceId }));
    await asked.promise;
    await user.sources.updateSource({ source: { sourceId, settings: { fileId, tableName: "other" } } });
    release.resolve();
    const metadata = { source: sourceId };
    expect(await discovery).toEqual({ code: "Aborted", reason: "STATE_CONFLICT", metadata });
    expect((await user.catalog.listTables({ sourceId })).tables).toEqual([]);
  });

  test("OK: of racing discoveries one adds, the others find nothing new", async () => {
    const user = mesh.user();
    const sourceId = await createFileSource(mesh, user, "race.csv", "a\n1\n");
    const { sql } = mesh.database;
    const waiting = async () => {
      const rows = await sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return rows.length;
    };
    // All of them come to the point where they write before the first one may.
    const { calls } = await sql.begin(async (tx) => {
      await tx`select 1 from orchestration.sources where source_id = ${sourceId} for update`;
      const discoveries = Array.from({ length: 4 }, () => user.catalog.discover({ sourceId }));
      await eventually(waiting).toBe(4);
      return { calls: discoveries };
    });
    const found = await Promise.all(calls);
    expect(found.map(({ added }) => added.length).sort()).toEqual([0, 0, 0, 1]);
    expect(found.map(({ unchangedCount }) => unchangedCount).sort()).toEqual([0, 1, 1, 1]);
    expect((await user.catalog.listTables({ sourceId })).tables).toHaveLength(1);
  });

  test("NotFound: an unknown source, and another organisation's", async () => {
    const sourceId = await createFileSource(mesh, mesh.user(), "x.csv", "a\n1\n");
    for (const id of [sourceId, randomUUID()]) {
      expect(await failureOf(mesh.user().catalog.discover({ sourceId: id }))).toMatchObject({
        code: Code.NotFound,
        message: `source ${id} not found`,
      });
    }
  });
});
