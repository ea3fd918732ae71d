import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ExecutionState } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../../lib/for-file.ts";
import { eventually, failureOf, query, startOrchestration } from "../orchestration.ts";
import { rowsOf, sourceOf, sqliteBytes } from "./sqlite-file.ts";

const mesh = forFile(startOrchestration);

const numbers =
  "create table n (i integer, t text); " +
  "with recursive c(i) as (select 1 union all select i + 1 from c where i < 3000) " +
  "insert into n select i, printf('%200d', i) from c; create index n_i on n (i);";

const endless = "with recursive c(i) as (select 1 union all select i + 1 from c) select count(*) from c";

/** One source for the tests that change nothing. */
const shared = forFile(async () => {
  const user = mesh().user();
  return { user, sourceId: await sourceOf(mesh(), user, await sqliteBytes(numbers)) };
});

describe("statements", () => {
  test("InvalidArgument: what does more than read, or reads elsewhere", async () => {
    const { user, sourceId } = shared();
    const refused = [
      "attach '/etc/passwd' as p",
      "pragma journal_mode",
      "pragma writable_schema = 1",
      "begin",
      "vacuum into '/tmp/copy'",
      "create temp table t (a)",
      "drop table n",
      "insert into n values (1, '') returning i",
      "select load_extension('x')",
      "select readfile('/etc/passwd')",
      "select 1;; select 2",
      "explain select 1; drop table n",
      "select ?",
      "-- nothing",
      "analyze",
      "reindex",
    ];
    for (const sql of refused) {
      const { code, reason } = await failureOf(query(user, sourceId, sql));
      expect([sql, code, reason]).toEqual([
        sql,
        Code.InvalidArgument,
        expect.stringMatching(/^(STATEMENT_REFUSED|SQL_INVALID)$/),
      ]);
    }
  });

  test("Canceled: within half a second, and the source goes on", async () => {
    const { user, sourceId } = shared();
    const executionIds = async () =>
      (await user.executions.listExecutions({ sourceId })).executions
        .filter(({ state }) => state === ExecutionState.RUNNING)
        .map(({ executionId }) => executionId);
    const running = failureOf(query(user, sourceId, endless));
    await eventually(async () => (await executionIds()).length).toBe(1);
    const [executionId = ""] = await executionIds();
    const begun = performance.now();
    await user.executions.cancelExecution({ executionId });
    expect((await running).code).toBe(Code.Canceled);
    console.info(`cancelled after ${Math.round(performance.now() - begun)} ms`);
    expect((await query(user, sourceId, "select count(*) from n")).rows).toEqual([["3000"]]);
  });

  test.each([
    ["a value", "select length(randomblob(900000000))"],
    ["a sort", "select count(distinct i || hex(zeroblob(500000))) from n"],
  ])("ResourceExhausted: %s beyond the memory of a session", async (_, sql) => {
    const { user, sourceId } = shared();
    expect(await failureOf(query(user, sourceId, sql))).toMatchObject({
      code: Code.ResourceExhausted,
      reason: "EXECUTION_LIMIT",
    });
  });
});

describe("files", () => {
  const header = "SQLite format 3\0";

  test.each([
    ["empty", () => Buffer.alloc(0), "is empty"],
    ["no database", () => Buffer.from("id,name\n1,a\n".repeat(100)), "is not a SQLite database"],
    ["a header alone", () => Buffer.from(header), "is not a SQLite database"],
    [
      "zeros behind the header",
      () => Buffer.concat([Buffer.from(header), Buffer.alloc(5000)]),
      "can't be read",
    ],
  ])("FailedPrecondition SOURCE_DATA_INVALID: %s", async (_, make, problem) => {
    const user = mesh().user();
    const sourceId = await sourceOf(mesh(), user, make());
    expect(await failureOf(query(user, sourceId, "select 1"))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining(problem),
    });
  });

  test("FailedPrecondition SOURCE_DATA_INVALID: texts in UTF-16", async () => {
    const user = mesh().user();
    const bytes = await sqliteBytes("pragma encoding = 'UTF-16'; create table t (a text)");
    const failure = await failureOf(query(user, await sourceOf(mesh(), user, bytes), "select 1"));
    expect(failure).toMatchObject({
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining("UTF-16"),
    });
  });

  /** Offset and value of a damage: the kind of a page, its cells, and pointers, also to the page itself. */
  const damageOf = (kind: number, page: number): readonly [number, number] => {
    if (kind === 0) return [0, 0xffffffff];
    if (kind === 1) return [3, 0x02000001];
    return kind === 2 ? [8, page + 1] : [100, 2];
  };

  test("every damaged page is refused or read, and the service goes on", async () => {
    const user = mesh().user();
    const whole = await sqliteBytes(`pragma page_size = 512; ${numbers}`);
    const pages = whole.length / 512;
    const outcomes = new Set<string>();
    const damages = Array.from({ length: 8 }, (_, index) => {
      const bytes = Buffer.from(whole);
      const page = 1 + ((index * 97) % (pages - 1));
      const [offset, value] = damageOf(index % 4, page);
      bytes.writeUInt32BE(value, page * 512 + offset);
      return bytes;
    });
    for (const bytes of damages) {
      const sourceId = await sourceOf(mesh(), user, bytes);
      const request = { sourceId, sql: "select count(t), sum(length(t)) from n", timeout: { seconds: 60n } };
      const outcome = await failureOf(user.executions.executeQuery(request)).catch(() => ({
        reason: "read",
      }));
      outcomes.add(String(outcome.reason));
    }
    expect([...outcomes].filter((one) => one !== "read" && one !== "SOURCE_DATA_INVALID")).toEqual([]);
    expect(outcomes).toContain("SOURCE_DATA_INVALID");
  });

  test("a view without an end is listed, ends with its deadline, and takes no snapshot with it", async () => {
    const user = mesh().user();
    const bytes = await sqliteBytes(
      `${numbers} create view forever as ${endless}; create view ok as select 1 as a;`,
    );
    const sourceId = await sourceOf(mesh(), user, bytes);
    const { added } = await user.catalog.discover({ sourceId });
    expect(added.map(({ name }) => name)).toEqual(["forever", "n", "ok"]);
    const request = { sourceId, sql: "select * from forever", timeout: { seconds: 1n } };
    expect((await failureOf(user.executions.executeQuery(request))).code).toBe(Code.DeadlineExceeded);
    expect((await query(user, sourceId, "select a from ok")).rows).toEqual([["1"]]);
  });

  test("virtual tables of the file are read, and their shadow tables are not listed", async () => {
    const user = mesh().user();
    const bytes = await sqliteBytes(
      "create virtual table found using fts5(body); insert into found values ('one two'), ('three');",
    );
    const sourceId = await sourceOf(mesh(), user, bytes);
    expect(await rowsOf(user, sourceId, "found")).toEqual([{ body: "one two" }, { body: "three" }]);
    expect((await user.catalog.listTables({ sourceId })).tables).toHaveLength(1);
  });
});
