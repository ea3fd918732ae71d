import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { listProcesses } from "../../lib/processes.ts";
import { eventually, failureOf } from "../orchestration.ts";
import { openScene, rowsOf } from "./scene.ts";

const scene = forFile(async () => {
  const opened = await openScene({ TRANSFER_MIB: "1" });
  await opened.warehouse(`
    create view held as select n as id, case when n = 900 then pg_advisory_lock(42)::text end as wait
      from generate_series(1, 1000) as n;
    create view failing as select 1 / (500 - n) as ratio from generate_series(1, 1000) as n;
    create view vast as select a as id, md5(a::text || b) as hash
      from generate_series(1, 20000) as a cross join generate_series(1, 20000) as b;
    create table retyped (id int, note text);
    create table dropped (id int)`);
  // The same database by another name: a statement has a snapshot of each.
  await opened.add("mirror", "postgresql", opened.foreign.settings);
  return opened;
});
const user = forFile(() => scene().user);
const run = (sql: string, seconds = 60n) => user().executions.executeQuery({ sql, timeout: { seconds } });

const sessions = () => {
  const role = String(scene().foreign.settings.user);
  return scene().foreign.sql`select pid from pg_stat_activity where usename = ${role} and state <> 'idle'`;
};
const held = async () =>
  (
    await scene().foreign
      .sql`select pid from pg_stat_activity where wait_event = 'advisory' and query like 'copy %'`
  ).length;

/** Blocks the view `held` before its 900th row, until disposed. */
async function holdAdvisoryLock(): Promise<AsyncDisposable> {
  const connection = await scene().foreign.sql.reserve();
  await connection`select pg_advisory_lock(42)`;
  return {
    async [Symbol.asyncDispose]() {
      await connection`select pg_advisory_unlock(42)`;
      connection.release();
    },
  };
}

/** No session is at work, and no file of moved rows is left. */
async function nothingLeft(): Promise<void> {
  await eventually(sessions).toEqual([]);
  await eventually(() => readdir(join(scene().mesh.folder, "engine", "results"))).toEqual([]);
}

const join2 = "SELECT count(*) FROM warehouse.public.held a JOIN mirror.public.held b ON a.id = b.id";

test("Canceled: a statement that moves rows of two sources ends in both", async () => {
  await using _lock = await holdAdvisoryLock();
  const call = failureOf(run(join2));
  await eventually(held).toBe(2);
  const { executions } = await user().executions.listExecutions({ filter: 'state = "running"' });
  await user().executions.cancelExecution({ executionId: executions[0]?.executionId ?? "" });
  expect(await call).toMatchObject({ code: Code.Canceled, reason: "EXECUTION_CANCELLED" });
  await nothingLeft();
});

test("Unavailable: a source ends its session while rows are read, and the other source is left alone", async () => {
  await using _lock = await holdAdvisoryLock();
  const call = failureOf(run(join2));
  await eventually(held).toBe(2);
  await scene().foreign.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where wait_event = 'advisory' and query like 'copy %' limit 1`;
  expect(await call).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
  await nothingLeft();
});

test("Unavailable: the process of a source is killed while rows are read; the next statement has another", async () => {
  await using _lock = await holdAdvisoryLock();
  const call = failureOf(run("SELECT count(*) FROM warehouse.public.held"));
  await eventually(held).toBe(1);
  const processes = await listProcesses();
  for (const { pid, ppid, args } of processes) {
    if (ppid === process.pid && args.includes("source-process.ts")) process.kill(pid, "SIGKILL");
  }
  expect(await call).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
  await nothingLeft();
  expect(await rowsOf(user(), "SELECT count(*) FROM warehouse.public.orders")).toEqual([["1000"]]);
});

test("DeadlineExceeded: a connection that is half open", async () => {
  await using _lock = await holdAdvisoryLock();
  const call = failureOf(run("SELECT count(*) FROM warehouse.public.held", 3n));
  await eventually(held).toBe(1);
  const { connections } = scene().foreign;
  for (const socket of connections) socket.pause();
  expect(await call).toMatchObject({ code: Code.DeadlineExceeded, reason: "EXECUTION_LIMIT" });
  for (const socket of connections) socket.destroy();
  await nothingLeft();
});

test("an error of the source while rows are read is its own, and no result is made of the rows before", async () => {
  const failure = await failureOf(run("SELECT sum(ratio) FROM warehouse.public.failing"));
  expect(failure).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
    message: expect.stringContaining("public.failing"),
  });
  await nothingLeft();
});

test("FailedPrecondition: a table that was changed or dropped since it was discovered", async () => {
  await scene().foreign.sql.unsafe(
    "alter table retyped alter note type bytea using null; drop table dropped",
  );
  expect(await failureOf(run("SELECT id FROM warehouse.public.retyped"))).toEqual({
    code: Code.FailedPrecondition,
    reason: "SOURCE_CHANGED",
    fields: [],
    message: "the table public.retyped is no longer as the catalog has it: discover the source again",
  });
  expect(await failureOf(run("SELECT id FROM warehouse.public.dropped"))).toMatchObject({
    reason: "SOURCE_CHANGED",
  });
});

test("ResourceExhausted: more rows than a statement may move, by the name of the table and the limit", async () => {
  const failure = await failureOf(run("SELECT count(DISTINCT hash) FROM warehouse.public.vast"));
  expect(failure).toEqual({
    code: Code.ResourceExhausted,
    reason: "TRANSFER_LIMIT",
    fields: [],
    message:
      "the rows that the statement moves from its sources, at last those of warehouse.public.vast, take more than the " +
      "1 MiB that a statement may move: select fewer columns, or add conditions that the source evaluates",
  });
  await nothingLeft();
  // A condition or a limit that the source evaluates makes it small.
  expect(await rowsOf(user(), "SELECT hash FROM warehouse.public.vast LIMIT 2")).toHaveLength(2);
  await nothingLeft();
});
