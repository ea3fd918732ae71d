import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PiiClass, type TableSchema } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, discoverTable, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

const said = {
  description: "Orders 📦, one each",
  tags: ["gold", "raw"],
  owner: "Sales",
  properties: { "cost.centre": "42" },
  columnAnnotations: {
    a: { description: "The number", tags: ["key"], piiClass: PiiClass.INDIRECT },
    b: { description: "", tags: [], piiClass: PiiClass.NONE },
  },
};

test("OK: UpdateTable sets what users say, which discoveries never change", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int, b int)",
  );
  const { added } = await discover();
  const tableId = added[0]?.tableId ?? "";
  const given = { ...said, tags: ["raw", "gold"] };
  const { table } = await user.catalog.updateTable({ table: { tableId, ...given } });
  expect(table).toMatchObject({ ...added[0], ...said, etag: "2", updateTime: expect.anything() });
  expect((await user.catalog.getTable({ tableId })).table).toEqual(table);
  await change("alter table {s}.t drop column b; comment on table {s}.t is 'Theirs'");
  await discover();
  const { table: without } = await user.catalog.getTable({ tableId });
  expect(without).toMatchObject({ ...said, comment: "Theirs", version: 2, etag: "2" });
  await user.catalog.updateTable({ table: without ?? {} });
  await change("alter table {s}.t add column b int");
  await discover();
  expect((await user.catalog.getTable({ tableId })).table).toMatchObject(said);
});

test("OK: UpdateTable with a mask empties what it names, and annotations that say nothing are none", async () => {
  const user = mesh().user();
  const { table } = await discoverTable(mesh(), user, "orders");
  const tableId = table?.tableId ?? "";
  await user.catalog.updateTable({ table: { tableId, description: "x", tags: ["y"], owner: "z" } });
  const columnAnnotations = { a: { description: "" } };
  const { table: updated } = await user.catalog.updateTable({
    table: { tableId, columnAnnotations },
    updateMask: { paths: ["description", "tags", "column_annotations"] },
  });
  expect(updated).toEqual({ ...table, owner: "z", etag: "3", updateTime: updated?.updateTime });
});

test("Aborted: UpdateTable with the etag of an earlier state, and of two at once one wins", async () => {
  const user = mesh().user();
  const { table } = await discoverTable(mesh(), user, "orders");
  const tableId = table?.tableId ?? "";
  const calls = ["one", "other"].map((description) =>
    user.catalog.updateTable({ table: { tableId, description, etag: "1" } }).then(
      () => "OK",
      (error) => error.code,
    ),
  );
  expect((await Promise.all(calls)).sort()).toEqual([Code.Aborted, "OK"]);
  const late = user.catalog.updateTable({ table: { tableId, owner: "x", etag: "1" } });
  expect(await failureOf(late)).toMatchObject({ code: Code.Aborted, reason: "ETAG_MISMATCH" });
});

test("NotFound: UpdateTable of an unknown table, and of another organisation's", async () => {
  const { table } = await discoverTable(mesh(), mesh().user(), "one");
  for (const tableId of [table?.tableId ?? "", randomUUID()]) {
    const call = mesh()
      .user()
      .catalog.updateTable({ table: { tableId, description: "x" } });
    expect(await failureOf(call)).toMatchObject({
      code: Code.NotFound,
      message: `table ${tableId} not found`,
    });
  }
});

test.each<[MessageInitShape<typeof TableSchema>, string]>([
  [{ columnAnnotations: { nothing: { description: "x" } } }, "table.column_annotations"],
  [{ tags: ["a\nb"] }, "table.tags[0]"],
  [{ tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }, "table.tags"],
  [{ description: "x".repeat(4001) }, "table.description"],
  [{ owner: "a\u0000b" }, "table.owner"],
  [{ properties: { "a b": "x" } }, 'table.properties["a b"]'],
  [{ columnAnnotations: { a: { piiClass: 9 as PiiClass } } }, 'table.column_annotations["a"].pii_class'],
  [{ columnAnnotations: { a: { description: "x" }, b: { description: "x" } } }, "table.column_annotations"],
  [{ name: "other", description: "x" }, "table.name"],
])("InvalidArgument: UpdateTable with %j", async (change, field) => {
  const user = mesh().user();
  const { table } = await discoverTable(mesh(), user, "orders");
  const call = user.catalog.updateTable({ table: { tableId: table?.tableId ?? "", ...change } });
  expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument, fields: [field] });
});

test("InvalidArgument: UpdateTable with annotations of more than 64 KiB", async () => {
  const user = mesh().user();
  const names = Array.from({ length: 70 }, (_, index) => `c${index}`);
  const sourceId = await createFileSource(
    mesh(),
    user,
    "wide.csv",
    `${names.join(",")}\n${names.join(",")}\n`,
  );
  const { added } = await user.catalog.discover({ sourceId });
  const annotate = (count: number) =>
    user.catalog.updateTable({
      table: {
        tableId: added[0]?.tableId ?? "",
        columnAnnotations: Object.fromEntries(
          names.slice(0, count).map((name) => [name, { description: "x".repeat(1000) }]),
        ),
      },
    });
  expect(Object.keys((await annotate(60)).table?.columnAnnotations ?? {})).toHaveLength(60);
  expect(await failureOf(annotate(70))).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["table.column_annotations"],
  });
});
