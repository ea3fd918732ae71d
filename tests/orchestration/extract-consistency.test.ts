import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { extractAll, extractChunk, plan, readParquet, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { eventually, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());

const sorted = (rows: readonly { id: number; note: string }[]) =>
  rows.map(({ id, note }) => `${id} ${note}`).sort();

async function extractRows(planned: Awaited<ReturnType<typeof plan>>) {
  const extracted = await extractAll(user(), planned);
  return (await Promise.all(extracted.map(({ bytes }) => readParquet(bytes)))).flat() as {
    id: number;
    note: string;
  }[];
}

/** Updates every row of a table repeatedly, until disposed. */
function churn(table: string): AsyncDisposable & { rounds(): number } {
  let going = true;
  let rounds = 0;
  const changing = (async () => {
    while (going) {
      await foreign().sql.unsafe(`
        update ${table} set note = note || '+' where id % 3 = 0;
        delete from ${table} where id % 7 = 0;
        insert into ${table} select n * 7, 'new' from generate_series(1, 100) as n`);
      rounds += 1;
    }
  })();
  return {
    rounds: () => rounds,
    async [Symbol.asyncDispose]() {
      going = false;
      await changing;
    },
  };
}

test("OK: the rows of the snapshot, each once, while they are changed", async () => {
  await foreign().sql.unsafe(`
    create table accounts (id int, note text);
    insert into accounts select n, 'note ' || n from generate_series(1, 10000) as n;
    analyze accounts;
    grant select on accounts to public`);
  const sourceId = await createDatabaseSource(mesh(), user(), foreign());
  const { accounts = "" } = await tablesOf(user(), sourceId);
  const before = await foreign().sql<{ id: number; note: string }[]>`select id, note from accounts`;
  const planned = await plan(user(), sourceId, [accounts], { chunkRows: 2000n });
  expect(planned.chunks).toHaveLength(5);
  {
    await using churning = churn("accounts");
    await eventually(churning.rounds).toBeGreaterThan(0);
    expect(sorted(await extractRows(planned))).toEqual(sorted(before));
  }
  const [chunk] = planned.chunks;
  if (!chunk) throw new Error("there is no chunk");
  const [once, again] = [
    await extractChunk(user(), planned, chunk),
    await extractChunk(user(), planned, chunk),
  ];
  expect(once.bytes.equals(again.bytes)).toBe(true);
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  const now = await plan(user(), sourceId, [accounts]);
  expect(sorted(await extractRows(now))).not.toEqual(sorted(before));
});

test("OK: a partitioned table, one that others inherit from, and a view, whole and each row once", async () => {
  await foreign().sql.unsafe(`
    create table parted (id int, note text) partition by range (id);
    create table parted_1 partition of parted for values from (0) to (4000);
    create table parted_2 partition of parted for values from (4000) to (100000) partition by range (id);
    create table parted_2_1 partition of parted_2 for values from (4000) to (5000);
    create table parted_2_2 partition of parted_2 default;
    insert into parted select n, 'note ' || n from generate_series(1, 10000) as n;
    create table parent (id int, note text);
    create table child (more int) inherits (parent);
    insert into parent select n, 'parent' from generate_series(1, 3000) as n;
    insert into child select n, 'child', n from generate_series(1, 5000) as n;
    create view seen as select * from parted where id % 2 = 0;
    analyze;
    grant select on all tables in schema public to public`);
  const sourceId = await createDatabaseSource(mesh(), user(), foreign());
  const tables = await tablesOf(user(), sourceId);
  for (const [name, isCut] of [
    ["parted", true],
    ["parent", true],
    ["seen", false],
  ] as const) {
    const planned = await plan(user(), sourceId, [tables[name] ?? ""], { chunkRows: 3000n });
    expect(planned.chunks.length > 1).toBe(isCut);
    const expected = await foreign().sql<
      { id: number; note: string }[]
    >`select id, note from ${foreign().sql(name)}`;
    expect(sorted(await extractRows(planned))).toEqual(sorted(expected));
  }
});

test("OK: an empty table, and names with quotes and emoji, and such that differ in case alone", async () => {
  await foreign().sql.unsafe(`
    create schema "s ""😀"" '";
    create table "s ""😀"" '"."t, ""'';--" ("id" int, "ID" text, "c ""'' 😀,\\N" int not null, "ctid_" int);
    create table nothing ("Größe" numeric(4,1), at timestamptz);
    grant usage on schema "s ""😀"" '" to public;
    grant select on all tables in schema "s ""😀"" '", public to public`);
  await foreign().sql.unsafe(`insert into "s ""😀"" '"."t, ""'';--" values (1, 'one', 2, 3)`);
  const sourceId = await createDatabaseSource(mesh(), user(), foreign());
  const tables = await tablesOf(user(), sourceId);
  const names = [`t, "'';--`, "nothing"];
  const odd = `c "'' 😀,\\N`;
  const planned = await plan(
    user(),
    sourceId,
    names.map((name) => tables[name] ?? ""),
  );
  expect(planned.tables).toMatchObject([
    {
      schemaName: `s "😀" '`,
      name: names[0],
      columns: [{ name: "id" }, { name: "ID_1" }, { name: odd, nullable: false }, { name: "ctid_" }],
    },
    { schemaName: "public", name: "nothing", columns: [{ name: "Größe" }, { name: "at" }] },
  ]);
  expect(planned.chunks).toMatchObject([
    { tableIndex: 0, rowCountExpected: expect.any(BigInt) },
    { tableIndex: 1, rowCountExpected: 0n },
  ]);
  const [first, empty] = await extractAll(user(), planned);
  expect(await readParquet(first?.bytes ?? Buffer.alloc(0))).toEqual([
    { id: 1, ID_1: "one", [odd]: 2, ctid_: 3 },
  ]);
  expect(await readParquet(empty?.bytes ?? Buffer.alloc(0))).toEqual([]);
  expect(empty?.summary).toMatchObject({
    rowCount: 0n,
    columns: [
      { name: "Größe", nullCount: 0n },
      { name: "at", nullCount: 0n },
    ],
  });
});

test("OK: rows of 20 MiB, and many that do not fit into memory together", async () => {
  await foreign().sql.unsafe(`
    create table wide (id int, note text);
    alter table wide alter note set storage external;
    insert into wide select n, repeat(md5(n::text), 655360) from generate_series(1, 3) as n;
    create table heavy as select n as id, repeat(md5(n::text), 250) as note from generate_series(1, 40000) as n;
    grant select on wide, heavy to public`);
  const sourceId = await createDatabaseSource(mesh(), user(), foreign());
  const { wide = "", heavy = "" } = await tablesOf(user(), sourceId);
  const planned = await plan(user(), sourceId, [wide, heavy]);
  const extracted = await extractAll(user(), planned);
  expect(extracted.map(({ summary }) => summary.rowCount)).toEqual([3n, 40_000n]);
  const [first] = await readParquet(extracted[0]?.bytes ?? Buffer.alloc(0));
  expect(String(first?.note).length).toBe(20 * 1024 * 1024);
});
