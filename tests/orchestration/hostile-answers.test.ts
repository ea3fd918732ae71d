import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { plan } from "./extracts.ts";
import { type HostileScene, send, startHostileScene } from "./hostile-scene.ts";
import { type Attack, startHostileServer } from "./hostile-server.ts";
import { failureOf } from "./orchestration.ts";
import { message } from "./server-messages.ts";

const scene = forFile(startHostileScene);

const json = 114;
const text = 25;
const listTables = /^\s*select namespace.nspname as "schemaName"/;

type Cells = Readonly<Record<string, string | null>>;

/** Responds to a statement with these rows. */
const rowsFor =
  (form: RegExp, rows: readonly Cells[], type = text) =>
  (statement: string) =>
    form.test(statement) ? { rows: [...rows], type } : undefined;

const table = (changes: Cells = {}): Cells => ({
  schemaName: '"public"',
  name: '"t"',
  rowCount: "1",
  columns: '[{"name":"id","dataType":"integer","nullable":true}]',
  ...changes,
});
const nullable = (value: string) => ({ columns: `[{"name":"id","dataType":"integer","nullable":${value}}]` });

/** Runs the operation of the registered source that meets the attack. */
async function meet(
  attack: Attack,
  ask: (registered: Awaited<ReturnType<HostileScene["registered"]>>) => Promise<unknown>,
) {
  await using server = await startHostileServer();
  const registered = await scene().registered(server.settings);
  Object.assign(server.attack, attack);
  const failed = await failureOf(ask(registered));
  await scene().otherSucceeds();
  return failed;
}

const discover = ({ user, sourceId }: Awaited<ReturnType<HostileScene["registered"]>>) =>
  user.catalog.discover({ sourceId });

describe("FailedPrecondition: a catalogue that can't be", () => {
  test.for([
    ["a value that is nested 3000 deep", nullable(`${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`), "nullable"],
    ["text for a boolean", nullable('"yes"'), "columns.0.nullable: invalid input"],
    ["an object for a name", { name: '{"a":1}' }, "name: invalid input"],
    ["a NUL in a name", { name: '"a\\u0000b"' }, "name: has characters that no text has"],
    ["half a character in a name", { name: '"\\ud800"' }, "name: has characters that no text has"],
    ["a name of 2000 characters", { name: JSON.stringify("x".repeat(2000)) }, "name: too big"],
    ["no columns", { columns: "null" }, "columns: invalid input"],
  ] as const)("%s", async ([, changes, what]) => {
    const rows = rowsFor(listTables, [table(changes)], json);
    expect(await meet({ rows }, discover)).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining(what),
    });
  });

  test("the same table twice", async () => {
    const rows = rowsFor(listTables, [table(), table()], json);
    expect(await meet({ rows }, discover)).toMatchObject({
      reason: "SOURCE_DATA_INVALID",
      message: "the source lists the table public.t twice",
    });
  });
});

test.for([
  ["2 to the 70th", "1180591620717411303424"],
  ["less than none", '"-5"'],
  ["an object", "{}"],
])("OK: a count of rows that makes no sense is unknown: %s", async ([, rowCount = ""]) => {
  await using server = await startHostileServer();
  const { user, sourceId } = await scene().registered(server.settings);
  server.attack.rows = rowsFor(listTables, [table({ name: '"u"', rowCount })], json);
  const { added } = await user.catalog.discover({ sourceId });
  expect(added.map(({ name, rowCount: count }) => [name, count])).toEqual([["u", undefined]]);
});

test("OK: what a server adds to a column goes nowhere", async () => {
  await using server = await startHostileServer();
  const { user, sourceId } = await scene().registered(server.settings);
  const more = `[{"name":"id","dataType":"integer","nullable":true,"more":"${"x".repeat(30_000_000)}"}]`;
  server.attack.rows = rowsFor(listTables, [table({ columns: more })], json);
  expect(await user.catalog.discover({ sourceId })).toMatchObject({ unchangedCount: 1 });
});

describe("FailedPrecondition: a plan that can't be", () => {
  test.for([
    ["rows below none", /^explain/, { "QUERY PLAN": '[{"Plan":{"Plan Rows":-1}}]' }, json, "Plan Rows"],
    ["no rows", /^explain/, { "QUERY PLAN": "[]" }, json, "QUERY PLAN"],
    ["a time that is none", /pg_export_snapshot/, { name: "00000003-1", time: "soon" }, text, "time"],
    ["a snapshot of an odd name", /pg_export_snapshot/, { name: "'; drop", time: "1" }, text, "name"],
    ["pages that are no number", /with recursive parts/, { pages: "many", isRewritten: "" }, text, "pages"],
  ] as const)("%s", async ([, form, cells, type, what]) => {
    const failed = await meet({ rows: rowsFor(form, [cells], type) }, ({ user, sourceId, t }) =>
      plan(user, sourceId, [t]),
    );
    expect(failed).toMatchObject({ reason: "SOURCE_DATA_INVALID", message: expect.stringContaining(what) });
  });
});

test("FailedPrecondition: a type's name of 200 KB", async () => {
  const cells = { oid: "25", name: "t".repeat(200_000), element: "0", isArray: "" };
  const failed = await meet({ rows: rowsFor(/from pg_type where oid in/, [cells]) }, ({ user, sourceId }) =>
    user.executions.executeQuery({ sourceId, sql: "select 1" }),
  );
  expect(failed).toMatchObject({ reason: "SOURCE_DATA_INVALID", message: expect.stringContaining("type") });
});

test("refused in clear words: a version of 1 MB", async () => {
  await using server = await startHostileServer();
  const { operations } = await scene().registered(server.settings);
  server.attack.rows = rowsFor(/server_version/, [{ version: "v".repeat(1_000_000) }]);
  expect(await operations.test()).toMatch(/the source's version can't be used: version: too big/);
});

test("OK: a plan of many huge tables has chunks that fit into its answer", async () => {
  await using server = await startHostileServer();
  const { user, sourceId } = await scene().registered(server.settings);
  const tables = Array.from({ length: 60 }, (_, index) => table({ name: `"t${index}"` }));
  const responses = [
    rowsFor(listTables, tables, json),
    rowsFor(/^explain/, [{ "QUERY PLAN": '[{"Plan":{"Plan Rows":1e300}}]' }], json),
    rowsFor(/with recursive parts/, [{ pages: "4000000000", isRewritten: "" }]),
  ];
  server.attack.rows = (statement) => responses.map((response) => response(statement)).find(Boolean);
  await user.catalog.discover({ sourceId });
  const listed = await user.catalog.listTables({ sourceId, pageSize: 100 });
  const ids = listed.tables.map(({ tableId }) => tableId);
  const { chunks, snapshotId } = await plan(user, sourceId, ids, { chunkRows: 1n });
  expect(chunks.length).toBeGreaterThan(40_000);
  expect(chunks.length).toBeLessThanOrEqual(50_060);
  expect(new Set(chunks.map(({ tableIndex }) => tableIndex)).size).toBe(60);
  await user.extracts.closeSnapshot({ snapshotId });
});

test("OK: more tables than one statement writes have other counts and columns", async () => {
  await using server = await startHostileServer();
  const { user, sourceId } = await scene().registered(server.settings);
  const found = (rowCount: string, type: string) =>
    rowsFor(
      listTables,
      Array.from({ length: 2500 }, (_, index) => {
        const dataType = index < 1200 ? type : "integer";
        const columns = JSON.stringify([{ name: "id", dataType, nullable: true }]);
        return table({ name: `"t${index}"`, rowCount, columns });
      }),
      json,
    );
  server.attack.rows = found("1", "integer");
  await user.catalog.discover({ sourceId });
  server.attack.rows = found("7", "text");
  const { changed, unchangedCount } = await user.catalog.discover({ sourceId });
  expect(unchangedCount).toBe(1300);
  expect(changed).toHaveLength(1200);
  expect(changed.every(({ rowCount, columns }) => rowCount === 7n && columns[0]?.dataType === "text")).toBe(
    true,
  );
  server.attack.rows = found("7", "text");
  const again = await user.catalog.discover({ sourceId });
  expect(again).toMatchObject({ changed: [], unchangedCount: 2500 });
  const { tables } = await user.catalog.listTables({ sourceId, pageSize: 1000 });
  expect(new Set(tables.map(({ rowCount }) => rowCount))).toEqual(new Set([7n]));
});

test("ResourceExhausted: names of tables that take more than an answer", async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) =>
    table({ name: `"${index}${"n".repeat(900)}"`, columns: "[]" }),
  );
  expect(await meet({ rows: rowsFor(listTables, rows, json) }, discover)).toMatchObject({
    code: Code.ResourceExhausted,
    message: expect.stringContaining("more than 12 MiB"),
  });
});

test("ResourceExhausted: an answer whose values fill the heap of the source's process", async () => {
  const rows = [table({ columns: `[${"{},".repeat(15_000_000)}{}]` })];
  expect(await meet({ rows: rowsFor(listTables, rows, json) }, discover)).toMatchObject({
    code: Code.ResourceExhausted,
    reason: "EXECUTION_LIMIT",
    message: "the source was cut off: its answers take more memory than one source may use",
  });
});

test("FailedPrecondition: messages without a body that never end", async () => {
  const chunks = message("1", "").toString("latin1").repeat(500_001);
  const attack = { statement: send(Buffer.from(chunks, "latin1")) };
  expect(
    await meet(attack, ({ user, sourceId }) => user.executions.executeQuery({ sourceId, sql: "select 1" })),
  ).toMatchObject({
    reason: "SOURCE_DATA_INVALID",
    message: expect.stringContaining("more than 500000 messages that are no rows"),
  });
});
