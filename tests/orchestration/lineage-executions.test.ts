import { beforeAll, describe, expect, test } from "vitest";
import { LineageKind } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { executionUpstream } from "./lineage-graph.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

let databaseId: string;
let fileId: string;
const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create table orders (id int, user_id int, total numeric, "Total" int);
    create table users (id int, name text);
    create table "ORDERS" (id int, total int);
    create table "Odd ""😀"" t" ("Col 😀" text, "a.b" int);
    create schema other;
    create table other.users (id int, secret text);
    create table other.only_here (x int);
    create table other."a.b" (x int);
    create table undiscovered (x int);
    grant usage on schema other to public;
    grant select on all tables in schema public, other to public`);
  databaseId = await createDatabaseSource(mesh(), user(), foreign());
  await user().catalog.discover({ sourceId: databaseId });
  await mesh().database.sql`delete from orchestration.tables where name = 'undiscovered'`;
  fileId = await createFileSource(mesh(), user(), "sales 😀.csv", "Id,amount\n1,2\n");
  await user().catalog.discover({ sourceId: fileId });
});

const upstreamOf = (executionId: string) => executionUpstream(user(), executionId);

async function lineageOf(sourceId: string, sql: string) {
  const { executionId } = await user().executions.executeQuery({ sourceId, sql });
  return upstreamOf(executionId);
}

describe("PostgreSQL", () => {
  test.each<[string, string[], string[]]>([
    [
      "select id, total * 2 as double, count(*) from orders group by 1, 2",
      ["public.orders"],
      [
        "public.orders.id > * GROUP_BY",
        "public.orders.id > id IDENTITY",
        "public.orders.total > * GROUP_BY",
        "public.orders.total > double TRANSFORMATION",
      ],
    ],
    [
      "select * from users",
      ["public.users"],
      ["public.users.id > id IDENTITY", "public.users.name > name IDENTITY"],
    ],
    [
      `with spent as (select user_id, sum(total) as s from orders group by 1)
       select u.name, s, lower(name) from spent join users u on u.id = spent.user_id`,
      ["public.orders", "public.users"],
      [
        "public.orders.total > s TRANSFORMATION",
        "public.orders.user_id > * GROUP_BY",
        "public.orders.user_id > * JOIN",
        "public.users.id > * JOIN",
        "public.users.name > lower TRANSFORMATION",
        "public.users.name > name TRANSFORMATION",
      ],
    ],
    [
      "select id, total::text as what from orders union all select id, name from users",
      ["public.orders", "public.users"],
      [
        "public.orders.id > id TRANSFORMATION",
        "public.orders.total > what TRANSFORMATION",
        "public.users.id > id TRANSFORMATION",
        "public.users.name > what TRANSFORMATION",
      ],
    ],
    [
      "select name from users where exists (select from orders where user_id = users.id)",
      ["public.orders", "public.users"],
      ["public.orders.user_id > * FILTER", "public.users.id > * FILTER", "public.users.name > name IDENTITY"],
    ],
    [
      "select max(o.total), (select count(name) from users) from (select total from orders) as o",
      ["public.orders", "public.users"],
      ["public.orders.total > max AGGREGATION", "public.users.name > count AGGREGATION"],
    ],
    [
      "select id, sum(total) over (partition by user_id order by id) as running from orders",
      ["public.orders"],
      [
        "public.orders.id > * WINDOW",
        "public.orders.id > id IDENTITY",
        "public.orders.id > running AGGREGATION",
        "public.orders.total > running AGGREGATION",
        "public.orders.user_id > * WINDOW",
        "public.orders.user_id > running AGGREGATION",
      ],
    ],
    [
      `select "Col 😀" as "as 😀", "a.b" from "Odd ""😀"" t"`,
      [`public.Odd "😀" t`],
      [`public.Odd "😀" t.Col 😀 > as 😀 IDENTITY`, `public.Odd "😀" t.a.b > a.b IDENTITY`],
    ],
    ["table users", ["public.users"], ["public.users.id > id IDENTITY", "public.users.name > name IDENTITY"]],
    ["select ID from USERS", ["public.users"], ["public.users.id > id IDENTITY"]],
    [`select total from "ORDERS"`, ["public.ORDERS"], ["public.ORDERS.total > total IDENTITY"]],
    ["select secret from other.users", ["other.users"], ["other.users.secret > secret IDENTITY"]],
    [`select x from other."a.b"`, ["other.a.b"], ["other.a.b.x > x IDENTITY"]],
    [
      "with users as (select 1 as id) select users.id, orders.id from users, orders",
      ["public.orders"],
      ["public.orders.id > id TRANSFORMATION"],
    ],
    [
      "select o.id, u.name from orders o, lateral (select name from users where users.id = o.user_id) u",
      ["public.orders", "public.users"],
      [
        "public.orders.id > id TRANSFORMATION",
        "public.users.id > * FILTER",
        "public.users.name > name TRANSFORMATION",
      ],
    ],
    [
      "select orders.id, relname from orders, pg_class limit 1",
      ["public.orders"],
      ["public.orders.id > id IDENTITY"],
    ],
    ["select ctid, x from undiscovered", [], []],
    [
      "select o.id, o.total, u.* from orders o join (select 1 as id, 2 as more) u on true",
      ["public.orders"],
      ["public.orders.id > id TRANSFORMATION", "public.orders.total > total TRANSFORMATION"],
    ],
    [
      "select o.total, o.id, u.* from orders o cross join undiscovered u",
      ["public.orders"],
      ["public.orders.id > id IDENTITY", "public.orders.total > total IDENTITY"],
    ],
    [
      "select name from users where id > 1 order by lower(name) limit 1",
      ["public.users"],
      ["public.users.id > * FILTER", "public.users.name > * SORT", "public.users.name > name IDENTITY"],
    ],
    ["select 1", [], []],
    ["values (1), (2)", [], []],
  ])("OK: %s", async (sql, tables, columns) => {
    expect(await lineageOf(databaseId, sql)).toEqual({ tables, columns });
  });
});

describe("DuckDB", () => {
  const table = "sales 😀";
  test.each<[string, string[], string[]]>([
    [`from "${table}"`, [table], [`${table}.Id > Id IDENTITY`, `${table}.amount > amount IDENTITY`]],
    [`from "${table}" select ID`, [table], [`${table}.Id > Id IDENTITY`]],
    [`select * exclude (amount) from "SALES 😀"`, [table], []],
    [`select * /* all */ replace (amount + 1 as amount) from "${table}"`, [table], []],
    [`select Id, columns('a.*') from "${table}"`, [table], [`${table}.Id > Id IDENTITY`]],
    [`pivot "${table}" on Id in (1, 2) using sum(amount)`, [], []],
    [`select sum(amount) as s from main."${table}"`, [table], [`${table}.amount > s AGGREGATION`]],
    [
      `with t as (from "${table}") select amount + 1 as more from t union select Id from t`,
      [table],
      [`${table}.Id > more TRANSFORMATION`, `${table}.amount > more TRANSFORMATION`],
    ],
    [
      `select row_number() over (order by amount) as place, Id from "${table}" qualify place < 3`,
      [table],
      [
        `${table}.Id > Id IDENTITY`,
        `${table}.amount > * FILTER`,
        `${table}.amount > * WINDOW`,
        `${table}.amount > place TRANSFORMATION`,
      ],
    ],
    ["select unnest([1, 2]) as n", [], []],
  ])("OK: %s", async (sql, tables, columns) => {
    expect(await lineageOf(fileId, sql)).toEqual({ tables, columns });
  });
});

test("OK: an execution is a job that stands downstream of its table", async () => {
  const { executionId } = await user().executions.executeQuery({ sourceId: databaseId, sql: "table users" });
  await upstreamOf(executionId);
  const { tables } = await user().catalog.listTables({ sourceId: databaseId, schemaName: "public" });
  const users = tables.find(({ name }) => name === "users");
  const { nodes } = await user().lineage.getDownstream({ entityId: users?.tableId ?? "" });
  expect(nodes[0]).toMatchObject({
    kind: LineageKind.TABLE,
    namespace: `sluice/source/${databaseId}`,
    name: "public.users",
  });
  expect(nodes.find(({ entityId }) => entityId === executionId)).toMatchObject({
    kind: LineageKind.JOB,
    namespace: "sluice",
    name: `executions/${executionId}`,
  });
});

test("OK: an execution that failed is not recorded", async () => {
  await failureOf(user().executions.executeQuery({ sourceId: databaseId, sql: "select nothing from users" }));
  const { executions } = await user().executions.listExecutions({ pageSize: 1000 });
  const failed = executions.find(({ sql }) => sql === "select nothing from users");
  // Later executions are recorded later.
  await lineageOf(databaseId, "select 2");
  const call = user().lineage.getUpstream({ entityId: failed?.executionId ?? "" });
  expect(await failureOf(call)).toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
});

test("OK: statements that can't be read in time answer as fast as ever, and the next are recorded", async () => {
  const steps = Array.from({ length: 250 }, (_, index) => {
    return `c${index} as (select id, name from ${index === 0 ? "users" : `c${index - 1}`})`;
  });
  const slow = `with ${steps.join(", ")} select id, name from c249`;
  const nested = `select ${"(".repeat(600)}1${")".repeat(600)}`;
  const long = `select id /* ${"x".repeat(20_000)} */ from users`;
  const ids: string[] = [];
  for (const sql of [slow, nested, long]) {
    ids.push((await user().executions.executeQuery({ sourceId: databaseId, sql })).executionId);
  }
  expect(await lineageOf(databaseId, "select id from users")).toEqual({
    tables: ["public.users"],
    columns: ["public.users.id > id IDENTITY"],
  });
  for (const executionId of ids) {
    expect(await upstreamOf(executionId)).toEqual({ tables: [], columns: [] });
  }
}, 120_000);
