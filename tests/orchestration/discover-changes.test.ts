import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExtractFormat } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createCatalogSource, tableNamed } from "./catalog-sources.ts";
import { startForeignDatabase } from "./foreign-database.ts";
import { eventually, failureOf, startOrchestration, type User } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

const column = (name: string, dataType = "integer", comment = "") => ({
  name,
  dataType,
  nullable: true,
  comment,
});

test("OK: what has changed in which way", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    `create table {s}.parent (id int primary key); create table {s}.t (a int, b int, c int);
     create table {s}.u (a int, b int)`,
  );
  const first = await discover();
  expect(first.changes).toEqual([]);
  await change(`
    alter table {s}.t drop column b; alter table {s}.t add column d int; alter table {s}.t alter c type bigint;
    comment on column {s}.t.a is 'A';
    comment on table {s}.u is 'U'; alter table {s}.u add foreign key (a) references {s}.parent`);
  const { added, changed, removed, changes, unchangedCount } = await discover();
  expect([added, removed, unchangedCount]).toEqual([[], [], 1]);
  expect(changed.map(({ name, version }) => [name, version])).toEqual([
    ["t", 2],
    ["u", 2],
  ]);
  expect(changes).toMatchObject([
    {
      tableId: tableNamed(first.added, "t").tableId,
      version: 2,
      addedColumns: [column("d")],
      removedColumns: [column("b")],
      changedColumns: [
        { before: column("a"), after: column("a", "integer", "A") },
        { before: column("c"), after: column("c", "bigint") },
      ],
      reordered: false,
      commentChanged: false,
      keysChanged: false,
    },
    { version: 2, addedColumns: [], changedColumns: [], commentChanged: true, keysChanged: true },
  ]);
});

/** Every row of the service with the transaction that wrote it. */
async function writtenRows(): Promise<unknown[]> {
  const { sql } = mesh().database;
  const names = ["sources", "tables", "schemas", "table_versions", "table_search", "search_words"];
  const rows = [];
  for (const name of names) {
    rows.push(
      await sql`select xmin::text, ctid::text from ${sql(`orchestration.${name}`)} order by xmin::text, ctid`,
    );
  }
  return rows;
}

test("OK: a discovery that finds nothing new writes nothing", async () => {
  const user = mesh().user();
  const { discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    `create table {s}.t (a int primary key, b int); comment on column {s}.t.b is 'B'; comment on table {s}.t is 'T';
     create table {s}.u (a int references {s}.t); insert into {s}.t values (1); analyze {s}.t`,
  );
  await discover();
  const before = await writtenRows();
  expect(await discover()).toMatchObject({
    added: [],
    changed: [],
    removed: [],
    changes: [],
    unchangedCount: 2,
  });
  expect(await writtenRows()).toEqual(before);
});

test("OK: other numbers of rows are no version", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int)",
  );
  const { added } = await discover();
  await change("insert into {s}.t values (1), (2); analyze {s}.t");
  expect(await discover()).toMatchObject({ changed: [], unchangedCount: 1 });
  const { table } = await user.catalog.getTable({ tableId: added[0]?.tableId ?? "" });
  expect(table).toEqual({ ...added[0], rowCount: 2n, sizeBytes: 8192n });
});

test("OK: a table that is gone is deleted, and restored with what users said about it", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.kept (a int); create table {s}.gone (a int, b int)",
  );
  const { tableId } = tableNamed((await discover()).added, "gone");
  const said = {
    description: "About it",
    tags: ["gold"],
    columnAnnotations: { b: { description: "About b" } },
  };
  await user.catalog.updateTable({ table: { tableId, ...said } });
  await change("drop table {s}.gone");
  const { removed } = await discover();
  expect(removed).toMatchObject([{ tableId, name: "gone", deleteTime: expect.anything() }]);
  expect((await user.catalog.getTable({ tableId })).table).toEqual(removed[0]);
  const listed = async (showDeleted: boolean) =>
    (await user.catalog.listTables({ sourceId, showDeleted, orderBy: "name" })).tables.map(
      ({ name }) => name,
    );
  expect([await listed(false), await listed(true)]).toEqual([["kept"], ["gone", "kept"]]);
  expect((await user.catalog.searchCatalog({ query: "gone", sourceId })).matches).toEqual([]);
  expect(await discover()).toMatchObject({ removed: [], unchangedCount: 1 });
  await change("create table {s}.gone (a int, b int)");
  expect((await discover()).added).toMatchObject([{ tableId, version: 1, ...said }]);
  expect((await user.catalog.getTable({ tableId })).table?.deleteTime).toBeUndefined();
  expect((await user.catalog.searchCatalog({ query: "gone", sourceId })).matches).toHaveLength(1);
});

test("OK: a table that is back with other columns is another version", async () => {
  const user = mesh().user();
  const { change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int)",
  );
  const { added } = await discover();
  const tableId = added[0]?.tableId ?? "";
  await change("drop table {s}.t; create table {s}.other (a int)");
  await discover();
  await change("create table {s}.t (a int, b int)");
  expect((await discover()).added).toMatchObject([{ tableId, version: 2 }]);
  const { versions } = await user.catalog.listTableVersions({ tableId });
  expect(versions.map(({ version, columns }) => [version, columns.length])).toEqual([
    [2, 2],
    [1, 1],
  ]);
});

test("InvalidArgument: a deleted table can't be planned", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.t (a int)",
  );
  const { added } = await discover();
  await change("drop table {s}.t");
  await discover();
  const tables = [{ tableId: added[0]?.tableId ?? "" }];
  expect(
    await failureOf(
      user.extracts.planChunks({ sourceId, tables, chunkRows: 1000n, format: ExtractFormat.PARQUET }),
    ),
  ).toMatchObject({
    code: Code.InvalidArgument,
    fields: ["tables[0].table_id"],
  });
});

/** Runs discoveries that have all read the source before the first of them may write. */
async function raced(user: User, sourceId: string, count: number) {
  const { sql } = mesh().database;
  const waiting = async () => {
    const rows = await sql`select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    return rows.length;
  };
  const { calls } = await sql.begin(async (tx) => {
    await tx`select 1 from orchestration.sources where source_id = ${sourceId} for update`;
    const discoveries = Array.from({ length: count }, () => user.catalog.discover({ sourceId }));
    await eventually(waiting).toBe(count);
    return { calls: discoveries };
  });
  return await Promise.all(calls);
}

test("OK: of discoveries at once one reports the changes, and a table is there once", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.a (n int); create table {s}.b (n int)",
  );
  await discover();
  await change("drop table {s}.a; create table {s}.c (n int); alter table {s}.b add column m int");
  const found = await raced(user, sourceId, 3);
  const counts = found.map(({ added, changed, removed }) =>
    [added, changed, removed].map(({ length }) => length),
  );
  expect(counts.sort().reverse()).toEqual([
    [1, 1, 1],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  const { tables } = await user.catalog.listTables({ sourceId, showDeleted: true });
  expect(tables.map(({ name }) => name).sort()).toEqual(["a", "b", "c"]);
});

test("OK: a discovery that read before another one wrote reads again", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.a (n int)",
  );
  await discover();
  const { sql } = mesh().database;
  // What the discovery has read is older than what the catalog has when it may write.
  const { call } = await sql.begin(async (tx) => {
    await tx`select 1 from orchestration.sources where source_id = ${sourceId} for update`;
    await change("create table {s}.b (n int)");
    const stale = user.catalog.discover({ sourceId });
    await eventually(async () => {
      const rows = await sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return rows.length;
    }).toBe(1);
    await change("drop table {s}.b");
    await tx`update orchestration.sources set discover_time = clock_timestamp() where source_id = ${sourceId}`;
    return { call: stale };
  });
  expect(await call).toMatchObject({ added: [], removed: [], unchangedCount: 1 });
  expect((await user.catalog.listTables({ sourceId })).tables.map(({ name }) => name)).toEqual(["a"]);
});

test("Aborted: each time that the source was read, another discovery has written since", async () => {
  const user = mesh().user();
  const { sourceId, change, discover } = await createCatalogSource(
    mesh(),
    user,
    foreign(),
    "create table {s}.a (n int)",
  );
  await discover();
  await change("create table {s}.b (n int)");
  await mesh().database
    .sql`update orchestration.sources set discover_time = 'infinity' where source_id = ${sourceId}`;
  expect(await failureOf(discover())).toMatchObject({ code: Code.Aborted, reason: "STATE_CONFLICT" });
  expect((await user.catalog.listTables({ sourceId })).tables.map(({ name }) => name)).toEqual(["a"]);
});
