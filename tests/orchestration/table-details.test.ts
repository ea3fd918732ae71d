import { expect, test } from "vitest";
import { ExtractFormat } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource, tableNamed } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

test("OK: keys, comments and sizes of PostgreSQL's tables", async () => {
  const user = mesh().user();
  const { schema, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    `create table {s}.customers (region text, id int, primary key (id, region));
     create table {s}.orders (id int primary key, "customer's id" int, region text, secret int,
       constraint placed_by foreign key ("customer's id", region) references {s}.customers (id, region));
     comment on table {s}.orders is 'One row per "order" 📦';
     comment on column {s}.orders."customer's id" is 'Who ordered';
     comment on table {s}.customers is '${"c".repeat(5000)}';
     create view {s}.names as select region from {s}.customers;
     insert into {s}.orders values (1), (2); analyze {s}.orders`,
  );
  const { added } = await discover();
  const orders = tableNamed(added, "orders");
  expect(orders).toMatchObject({
    comment: 'One row per "order" 📦',
    primaryKey: ["id"],
    foreignKeys: [
      {
        name: "placed_by",
        columns: ["customer's id", "region"],
        referencedSchemaName: schema,
        referencedTableName: "customers",
        referencedColumns: ["id", "region"],
      },
    ],
    rowCount: 2n,
    sizeBytes: 8192n,
  });
  expect(orders.columns.map(({ comment }) => comment)).toEqual(["", "Who ordered", "", ""]);
  expect((await user.catalog.getTable({ tableId: orders.tableId })).table).toEqual(orders);
  const customers = tableNamed(added, "customers");
  expect(customers.comment).toBe("c".repeat(4000));
  expect(customers).toMatchObject({ primaryKey: ["id", "region"], foreignKeys: [] });
  expect(customers.sizeBytes).toBeUndefined();
  expect(tableNamed(added, "names")).toMatchObject({ primaryKey: [], foreignKeys: [], comment: "" });
});

test("OK: keys over columns that the role may not read are left out", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(mesh(), user, foreign(), "select 1");
  await change("create table {s}.t (id int primary key, open int)");
  await foreign().sql.unsafe(
    (
      await foreign()
        .sql`select 'revoke select on ' || oid::regclass || ' from public; grant select (open) on '
      || oid::regclass || ' to public' as text from pg_class where relname = 't' order by oid desc limit 1`
    )[0]?.text,
  );
  const { added } = await discover();
  expect(added).toMatchObject([{ name: "t", columns: [{ name: "open" }], primaryKey: [] }]);
});

test("OK: the size of a file", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "a.csv", "a,b\n1,2\n");
  const { added } = await user.catalog.discover({ sourceId });
  expect(added).toMatchObject([{ sizeBytes: 8n, version: 1, primaryKey: [], comment: "" }]);
});

test("OK: comments and keys do not make a snapshot older", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int)",
  );
  const { added } = await discover();
  await change("comment on column {s}.t.a is 'A'; comment on table {s}.t is 'T'");
  const tables = [{ tableId: added[0]?.tableId ?? "" }];
  const { snapshotId } = await user.extracts.planChunks({
    sourceId,
    tables,
    chunkRows: 1000n,
    format: ExtractFormat.PARQUET,
  });
  await user.extracts.closeSnapshot({ snapshotId });
});
