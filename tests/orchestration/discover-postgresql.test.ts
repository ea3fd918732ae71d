import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { listen } from "../lib/tcp.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { columnsOf, createSource, eventually, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: what the role may select, with columns, estimates and nullability", async () => {
  const user = mesh().user();
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
  const sourceId = await createDatabaseSource(mesh(), user, foreign);
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
  const user = mesh().user();
  await using foreign = await startForeignDatabase();
  await foreign.sql.unsafe("create schema a; create table a.t (n int); create table public.t (n int)");
  await foreign.sql.unsafe("grant usage on schema a to public; grant select on a.t, public.t to public");
  const sourceId = await createDatabaseSource(mesh(), user, foreign, { schemas: ["a", "nothing"] });
  const { added } = await user.catalog.discover({ sourceId });
  expect(added.map(({ schemaName }) => schemaName)).toEqual(["a"]);
});

test("OK: the second discovery answers what changed, and ids stay", async () => {
  const user = mesh().user();
  await using foreign = await startForeignDatabase();
  await foreign.sql.unsafe(
    "create table kept (n int); create table altered (n int); create table dropped (n int)",
  );
  await foreign.sql.unsafe("grant select on kept, altered, dropped to public");
  const sourceId = await createDatabaseSource(mesh(), user, foreign);
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
  const user = mesh().user();
  mesh().peers.addSecret(user.who, "password", "x");
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
  const user = mesh().user();
  const settings = { host: "127.0.0.1", database: "d", user: "u", passwordSecret: "none" };
  const sourceId = await createSource(user, "postgresql", settings);
  expect(await failureOf(user.catalog.discover({ sourceId }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SECRET_NOT_FOUND",
  });
});
