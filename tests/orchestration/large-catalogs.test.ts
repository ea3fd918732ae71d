import { monitorEventLoopDelay } from "node:perf_hooks";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { extractAll, parquetColumns, plan, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { failureOf, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);

/** Columns of a table. `letters` is the length of each name. */
const columns = (count: number, letters: number) =>
  Array.from({ length: count }, (_, index) => `${`c${index}`.padEnd(letters, "x")} int`).join(", ");

test("OK: 10,000 tables, while the process answers others", async () => {
  const user = mesh().user();
  await foreign().sql.unsafe("create schema many; grant usage on schema many to public");
  const create = (from: number, to: number) =>
    foreign().sql.unsafe(`do $$ begin for n in ${from}..${to} loop
      execute format('create table many.t%s (id bigint not null, name text, at timestamptz)', n);
    end loop; end $$`);
  // Tables created in one transaction stay locked until its end.
  for (let from = 1; from <= 10_000; from += 500) await create(from, from + 499);
  await foreign().sql.unsafe("grant select on all tables in schema many to public");
  const sourceId = await createDatabaseSource(mesh(), user, foreign(), { schemas: ["many"] });
  const delay = monitorEventLoopDelay();
  delay.enable();
  const states: string[] = [];
  const discovery = user.catalog.discover({ sourceId }).finally(() => states.push("discovered"));
  await mesh().user().connectors.listConnectors({});
  states.push("others answered");
  const { added } = await discovery;
  delay.disable();
  expect(states).toEqual(["others answered", "discovered"]);
  expect(new Set(added.map(({ name }) => name)).size).toBe(10_000);
  expect(await user.catalog.discover({ sourceId })).toMatchObject({ added: [], unchangedCount: 10_000 });
  expect(delay.max / 1e9).toBeLessThan(3);
});

test("OK: a table of 1,600 columns; ResourceExhausted: columns that no answer has room for", async () => {
  const user = mesh().user();
  await foreign().sql.unsafe(`
    create schema wide; grant usage on schema wide to public;
    create table wide.t (${columns(1600, 6)});
    insert into wide.t (c0xxxx, c1599x) values (1, 2);
    grant select on wide.t to public`);
  const sourceId = await createDatabaseSource(mesh(), user, foreign(), { schemas: ["wide"] });
  const { t = "" } = await tablesOf(user, sourceId);
  const { rows } = await query(user, sourceId, "select * from wide.t");
  expect(rows).toEqual([[1, ...Array.from({ length: 1598 }, () => null), 2]]);
  const planned = await plan(user, sourceId, [t]);
  const [extracted] = await extractAll(user, planned);
  expect(parquetColumns(extracted?.bytes ?? Buffer.alloc(0))).toHaveLength(1600);
  await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });

  for (let copy = 0; copy < 150; copy += 1) {
    await foreign().sql.unsafe(`create table wide.copy${copy} (${columns(1600, 60)})`);
  }
  await foreign().sql.unsafe("grant select on all tables in schema wide to public");
  expect(await failureOf(user.catalog.discover({ sourceId }))).toEqual({
    code: Code.ResourceExhausted,
    reason: "EXECUTION_LIMIT",
    fields: [],
    message:
      "the source has tables whose columns take more than 12 MiB: name some of its schemas in settings.schemas",
  });
});
