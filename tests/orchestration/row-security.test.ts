import { beforeAll, expect, test } from "vitest";
import { RowSecurity } from "../../gen/sluice/common/v1/row_security_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { extractAll, plan, readParquet, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, startOrchestration } from "./orchestration.ts";

let sourceId: string;
let tables: Record<string, string>;
const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
beforeAll(async () => {
  const { user: reader } = foreign().settings as { user: string };
  await foreign().sql.unsafe(`
    create table open (id int);
    create table hidden (id int, visible boolean);
    insert into hidden select n, n % 2 = 0 from generate_series(1, 10) as n;
    alter table hidden enable row level security;
    create policy visible on hidden using (visible);
    create table forced (id int);
    alter table forced enable row level security;
    alter table forced force row level security;
    create table own (id int);
    alter table own enable row level security;
    create table own_forced (id int);
    alter table own_forced enable row level security;
    alter table own_forced force row level security;
    create table parted (id int) partition by range (id);
    create table parted_1 partition of parted default;
    alter table parted_1 enable row level security;
    create view invoking with (security_invoker) as select * from hidden;
    create view invoking_open with (security_invoker) as select * from open;
    create view defining as select * from hidden;
    create view nested as select * from invoking;
    create function counted() returns bigint language sql security definer as 'select count(*) from hidden';
    create view calling as select counted() as count;
    create materialized view frozen as select * from hidden;
    grant usage on schema public to public;
    grant select on all tables in schema public to public;
    alter table own owner to ${reader};
    alter table own_forced owner to ${reader}`);
  sourceId = await createDatabaseSource(mesh(), user(), foreign());
  tables = await tablesOf(user(), sourceId);
});

async function rowSecurityOf(name: string): Promise<RowSecurity | undefined> {
  const planned = await plan(user(), sourceId, [tables[name] ?? ""]);
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  return planned.tables[0]?.rowSecurity;
}

test.each([
  ["a table without policies", "open", RowSecurity.INACTIVE],
  ["a table whose policies hold for the role", "hidden", RowSecurity.ACTIVE],
  ["a table that forces them on its owner, who is another role", "forced", RowSecurity.ACTIVE],
  ["the role's own table", "own", RowSecurity.INACTIVE],
  ["the role's own table that forces them", "own_forced", RowSecurity.ACTIVE],
  ["a partitioned table: the policies of its partitions do not hold", "parted", RowSecurity.INACTIVE],
  ["a partition that is read itself", "parted_1", RowSecurity.ACTIVE],
  ["a view that reads as who calls it", "invoking", RowSecurity.ACTIVE],
  ["such a view of a table without policies", "invoking_open", RowSecurity.INACTIVE],
  ["a view that reads as its owner, who sees all", "defining", RowSecurity.INACTIVE],
  ["a view of the owner's of a view that reads as who calls it", "nested", RowSecurity.ACTIVE],
  ["a view that calls a function", "calling", RowSecurity.UNKNOWN],
  ["a materialized view that was filled as its owner", "frozen", RowSecurity.INACTIVE],
] as const)("OK: the plan says it of %s", async (_title, name, expected) => {
  expect(await rowSecurityOf(name)).toBe(expected);
});

test("OK: the rows are those that the policies choose", async () => {
  const planned = await plan(user(), sourceId, [tables.hidden ?? ""]);
  const [extracted] = await extractAll(user(), planned);
  const rows = await readParquet(extracted?.bytes ?? Buffer.alloc(0));
  expect(rows.map(({ id }) => id)).toEqual([2, 4, 6, 8, 10]);
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
});

test("OK: a file has no row-level security", async () => {
  const file = await createFileSource(mesh(), user(), "a.csv", "a\n1\n");
  const { a = "" } = await tablesOf(user(), file);
  expect((await plan(user(), file, [a])).tables[0]?.rowSecurity).toBe(RowSecurity.UNSPECIFIED);
});
