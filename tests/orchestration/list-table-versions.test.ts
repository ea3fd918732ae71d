import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { discoverTable, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

test("OK: ListTableVersions answers each version as it was, newest first", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int)",
  );
  const { added } = await discover();
  const tableId = added[0]?.tableId ?? "";
  await change("alter table {s}.t add column b int; comment on column {s}.t.b is 'B'");
  await discover();
  await change("alter table {s}.t add primary key (a)");
  await discover();
  const { versions, totalSize } = await user.catalog.listTableVersions({ tableId, showTotal: true });
  expect(totalSize).toBe(3);
  expect(versions).toMatchObject([
    { tableId, version: 3, columns: [{ name: "a", nullable: false }, { name: "b" }], primaryKey: ["a"] },
    { tableId, version: 2, columns: [{ name: "a" }, { name: "b", comment: "B" }], primaryKey: [] },
    { tableId, version: 1, columns: [{ name: "a" }], createTime: expect.anything() },
  ]);
  const hashes = versions.map(({ schemaHash }) => schemaHash);
  expect(new Set(hashes).size).toBe(3);
  expect(hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  const { versions: one } = await user.catalog.listTableVersions({ tableId, filter: "version = 2" });
  expect(one).toEqual([versions[1]]);
});

test("OK: the latest 100 versions are kept", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int)",
  );
  const { added } = await discover();
  const tableId = added[0]?.tableId ?? "";
  const { sql } = mesh().database;
  // As after 99 more changes.
  await sql`insert into orchestration.table_versions (org_id, table_id, version, columns)
    select org_id, table_id, n, columns from orchestration.tables, generate_series(2, 100) as n
    where table_id = ${tableId}`;
  await sql`update orchestration.tables set version = 100 where table_id = ${tableId}`;
  await change("alter table {s}.t add column b int");
  await discover();
  const { versions } = await user.catalog.listTableVersions({ tableId, pageSize: 1000 });
  expect([versions.length, versions[0]?.version, versions.at(-1)?.version]).toEqual([100, 101, 2]);
});

test("NotFound, InvalidArgument: ListTableVersions", async () => {
  const { table } = await discoverTable(mesh(), mesh().user(), "one");
  const user = mesh().user();
  for (const tableId of [table?.tableId ?? "", randomUUID()]) {
    expect(await failureOf(user.catalog.listTableVersions({ tableId }))).toMatchObject({
      code: Code.NotFound,
      message: `table ${tableId} not found`,
    });
  }
  const own = (await discoverTable(mesh(), user, "own")).table?.tableId ?? "";
  expect(await failureOf(user.catalog.listTableVersions({ tableId: own, filter: "x = 1" }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: "FILTER_INVALID",
  });
  expect(await failureOf(user.catalog.listTableVersions({ tableId: own, pageToken: "x" }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: "PAGE_TOKEN_INVALID",
  });
});
