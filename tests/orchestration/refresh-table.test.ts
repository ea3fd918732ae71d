import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource, tableNamed } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { createSource, discoverTable, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

test("OK: RefreshTable reads one table, and leaves the others", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int); create table {s}.u (a int)",
  );
  const { tableId } = tableNamed((await discover()).added, "t");
  expect((await user.catalog.refreshTable({ tableId })).change).toBeUndefined();
  await change(
    "alter table {s}.t add column b int; alter table {s}.u add column b int; create table {s}.v (a int)",
  );
  const { table, change: found } = await user.catalog.refreshTable({ tableId });
  expect(table).toMatchObject({ tableId, version: 2, columns: [{ name: "a" }, { name: "b" }] });
  expect(found).toMatchObject({ tableId, version: 2, addedColumns: [{ name: "b" }], removedColumns: [] });
  expect((await user.catalog.getTable({ tableId })).table).toEqual(table);
  const { tables } = await user.catalog.listTables({ sourceId, orderBy: "name" });
  expect(tables.map(({ name, version }) => [name, version])).toEqual([
    ["t", 2],
    ["u", 1],
  ]);
});

test("OK: RefreshTable of a table that is gone, and back", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int); create table {s}.u (a int)",
  );
  const { tableId } = tableNamed((await discover()).added, "t");
  await change("drop table {s}.t");
  const gone = await user.catalog.refreshTable({ tableId });
  expect(gone).toMatchObject({ table: { tableId, deleteTime: expect.anything() } });
  await change("create table {s}.t (a int)");
  const { table } = await user.catalog.refreshTable({ tableId });
  expect([table?.tableId, table?.deleteTime, table?.version]).toEqual([tableId, undefined, 1]);
});

test("OK: RefreshTable of a file that has another name by now", async () => {
  const user = mesh().user();
  const fileId = mesh().peers.addFile(user.who, "a.csv", "a\n1\n");
  const sourceId = await createSource(user, "file", { fileId });
  const { added } = await user.catalog.discover({ sourceId });
  await user.sources.updateSource({ source: { sourceId, settings: { fileId, tableName: "other" } } });
  const { table } = await user.catalog.refreshTable({ tableId: added[0]?.tableId ?? "" });
  expect(table?.deleteTime).toBeDefined();
  expect((await user.catalog.listTables({ sourceId })).tables).toEqual([]);
});

test("NotFound: RefreshTable of an unknown table, and of another organisation's", async () => {
  const { table } = await discoverTable(mesh(), mesh().user(), "one");
  for (const tableId of [table?.tableId ?? "", randomUUID()]) {
    expect(await failureOf(mesh().user().catalog.refreshTable({ tableId }))).toMatchObject({
      code: Code.NotFound,
      message: `table ${tableId} not found`,
    });
  }
});

test("FailedPrecondition: RefreshTable of a file that is damaged by now, and the catalog stays as it was", async () => {
  const user = mesh().user();
  const fileId = mesh().peers.addFile(user.who, "good.csv", "a\n1\n");
  const sourceId = await createSource(user, "file", { fileId });
  const { added } = await user.catalog.discover({ sourceId });
  const settings = { fileId: mesh().peers.addFile(user.who, "good.csv", "a,b\n1\n") };
  await user.sources.updateSource({ source: { sourceId, settings } });
  const tableId = added[0]?.tableId ?? "";
  expect(await failureOf(user.catalog.refreshTable({ tableId }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
  });
  expect((await user.catalog.getTable({ tableId })).table).toEqual(added[0]);
});
