import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { ExtractFormat, type PlanChunksResponse } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { listProcesses } from "../lib/processes.ts";
import { leftFiles } from "./engine-processes.ts";
import { extractAll, extractChunk, plan, snapshotGone, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, eventually, failureOf, startOrchestration } from "./orchestration.ts";

let tables: Record<string, string>;
const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const sourceId = forFile(() => createDatabaseSource(mesh(), user(), foreign()));
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create table orders (id int primary key, note text);
    insert into orders select n, 'note ' || n from generate_series(1, 1000) as n;
    create table altered (id int);
    create table retyped (id int);
    create table dropped (id int);
    create view held as select n, case when n = 900 then pg_advisory_lock(42)::text end as wait
      from generate_series(1, 1000) as n;
    create view failing as select 1 / (500 - n) as ratio from generate_series(1, 1000) as n;
    grant select on all tables in schema public to public`);
  tables = await tablesOf(user(), sourceId());
});

const planOf = (name: string) => plan(user(), sourceId(), [tables[name] ?? ""]);
const orders = () => planOf("orders");
const whole = { tableIndex: 0, range: "all" };

/** The source's sessions in pg_stat_activity. */
const sessions = () =>
  foreign()
    .sql`select pid, wait_event from pg_stat_activity where usename = ${String(foreign().settings.user)}`;

describe("SNAPSHOT_GONE", () => {
  test("FailedPrecondition: a snapshot that was closed, another organisation's, and one that never was", async () => {
    const planned = await orders();
    const other = mesh().user();
    for (const [asker, snapshotId] of [
      [other, planned.snapshotId],
      [user(), randomUUID()],
    ] as const) {
      await asker.extracts.closeSnapshot({ snapshotId });
      expect(await failureOf(asker.extracts.renewSnapshot({ snapshotId }))).toEqual(snapshotGone);
      expect(await failureOf(extractChunk(asker, { ...planned, snapshotId }, whole))).toEqual(snapshotGone);
    }
    await user().extracts.renewSnapshot({ snapshotId: planned.snapshotId });
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    expect(await failureOf(user().extracts.renewSnapshot({ snapshotId: planned.snapshotId }))).toEqual(
      snapshotGone,
    );
    await eventually(sessions).toEqual([]);
  });

  test("FailedPrecondition: the source ended the session that holds the snapshot", async () => {
    const { snapshotId } = await orders();
    await foreign().sql`select pg_terminate_backend(pid) from pg_stat_activity
      where usename = ${String(foreign().settings.user)}`;
    const renewed = () => failureOf(user().extracts.renewSnapshot({ snapshotId })).catch(() => "renewed");
    await eventually(renewed).toEqual(snapshotGone);
  });

  test("FailedPrecondition: the snapshot is closed while a chunk of it is extracted", async () => {
    const planned = await planOf("held");
    await using _lock = await holdAdvisoryLock();
    const call = failureOf(extractChunk(user(), planned, whole));
    await untilHeld();
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    expect(await call).toEqual(snapshotGone);
    await eventually(sessions).toEqual([]);
  });
});

/** Blocks the view `held` before its 900th row, until disposed. */
async function holdAdvisoryLock(): Promise<AsyncDisposable> {
  const connection = await foreign().sql.reserve();
  await connection`select pg_advisory_lock(42)`;
  return {
    async [Symbol.asyncDispose]() {
      await connection`select pg_advisory_unlock(42)`;
      connection.release();
    },
  };
}

const held = () => foreign().sql<{ pid: number }[]>`
  select pid from pg_stat_activity where wait_event = 'advisory' and query like 'copy %'`;

async function untilHeld(): Promise<number> {
  await eventually(async () => (await held()).length).toBe(1);
  return (await held())[0]?.pid ?? 0;
}

const busyEngines = async () =>
  (await listProcesses()).filter(
    ({ args, ppid }) => ppid === process.pid && args.includes("engine-process.ts"),
  );

describe("while a chunk is extracted", () => {
  test("Unavailable: the source ends the session; what came before is not taken for the whole", async () => {
    const planned = await planOf("held");
    await using _lock = await holdAdvisoryLock();
    const call = failureOf(extractChunk(user(), planned, whole));
    await foreign().sql`select pg_terminate_backend(${await untilHeld()})`;
    expect(await call).toMatchObject({
      code: Code.Unavailable,
      reason: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("terminating connection due to administrator command"),
    });
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });

  test("Unavailable: the network to the source breaks", async () => {
    const planned = await planOf("held");
    await using _lock = await holdAdvisoryLock();
    const call = failureOf(extractChunk(user(), planned, whole));
    await untilHeld();
    for (const socket of foreign().connections) socket.destroy();
    expect(await call).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
  });

  test("Unavailable: the process that writes is killed; the source's statement ends", async () => {
    const planned = await planOf("held");
    await using _lock = await holdAdvisoryLock();
    const call = failureOf(extractChunk(user(), planned, whole));
    await untilHeld();
    for (const { pid } of await busyEngines()) process.kill(pid, "SIGKILL");
    expect(await call).toMatchObject({ code: Code.Unavailable, reason: "ENGINE_CRASHED" });
    await eventually(held).toEqual([]);
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });

  test("Canceled: the caller goes away; the source's statement and the process end, and nothing is left", async () => {
    const planned = await planOf("held");
    await using _lock = await holdAdvisoryLock();
    const caller = new AbortController();
    const { snapshotId } = planned;
    const parts = user().extracts.extractChunk({ snapshotId, ...whole }, { signal: caller.signal });
    const call = failureOf(Array.fromAsync(parts));
    await untilHeld();
    caller.abort();
    expect(await call).toMatchObject({ code: Code.Canceled });
    await eventually(held).toEqual([]);
    await eventually(async () => (await busyEngines()).length).toBe(1);
    await eventually(() => leftFiles(mesh().folder)).toEqual([]);
    await user().extracts.closeSnapshot({ snapshotId });
  });

  test("FailedPrecondition: a row that the source can't compute", async () => {
    const planned = await planOf("failing");
    expect(await failureOf(extractAll(user(), planned))).toEqual({
      code: Code.FailedPrecondition,
      reason: "SOURCE_DATA_INVALID",
      fields: [],
      message: "the table public.failing can't be read: division by zero",
    });
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });
});

describe("SOURCE_CHANGED", () => {
  test.each([
    ["altered", "alter table altered add column note text"],
    ["retyped", "alter table retyped alter id type bigint"],
    ["dropped", "drop table dropped"],
  ])("FailedPrecondition: the table %s is not as it was discovered", async (name, change) => {
    await foreign().sql.unsafe(change);
    expect(await failureOf(planOf(name))).toEqual({
      code: Code.FailedPrecondition,
      reason: "SOURCE_CHANGED",
      fields: [],
      message: `the table public.${name} is no longer as the catalog has it: discover the source again`,
    });
    await eventually(async () => (await sessions()).length).toBe(0);
  });

  test("FailedPrecondition: the source is another file now", async () => {
    const changed = await createFileSource(mesh(), user(), "a.csv", "a\n1\n");
    const { a = "" } = await tablesOf(user(), changed);
    const settings = { fileId: mesh().peers.addFile(user().who, "a.csv", "b\n1\n") };
    await user().sources.updateSource({
      source: { sourceId: changed, settings },
      updateMask: { paths: ["settings"] },
    });
    expect(await failureOf(plan(user(), changed, [a]))).toMatchObject({ reason: "SOURCE_CHANGED" });
  });

  test("a table can't be altered while a snapshot has it, and can be afterwards", async () => {
    const planned = await orders();
    const alter = (patience: string) =>
      foreign().sql.begin(async (tx) => {
        await tx`select set_config('lock_timeout', ${patience}, true)`;
        await tx`alter table orders alter id type bigint`;
      });
    await expect(alter("50ms")).rejects.toThrow("lock timeout");
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    await eventually(async () => (await sessions()).length).toBe(0);
    // Autovacuum may hold a lock on the table.
    await alter("20s");
  });
});

describe("what is not there", () => {
  test("NotFound: an unknown source, and another organisation's", async () => {
    for (const [asker, id] of [
      [user(), randomUUID()],
      [mesh().user(), sourceId()],
    ] as const) {
      expect(await failureOf(plan(asker, id, [randomUUID()]))).toMatchObject({ code: Code.NotFound });
    }
  });

  test("InvalidArgument: tables and columns that the catalog does not have, one named twice, and bounds", async () => {
    const file = await createFileSource(mesh(), user(), "b.csv", "a,b\n1,2\n");
    const { b = "" } = await tablesOf(user(), file);
    const known = { tableId: b };
    for (const [overrides, field] of [
      [{ tables: [{ tableId: randomUUID() }] }, "tables[0].table_id"],
      [{ tables: [known, { tableId: tables.held ?? "" }] }, "tables[1].table_id"],
      [{ tables: [known, known] }, "tables[1].table_id"],
      [{ tables: [{ ...known, columns: ["b", "c"] }] }, "tables[0].columns[1]"],
      [{ tables: [{ ...known, columns: ["b", "b"] }] }, "tables[0].columns"],
      [{ tables: [] }, "tables"],
      [{ chunkRows: 0n }, "chunk_rows"],
      [{ format: ExtractFormat.UNSPECIFIED }, "format"],
    ] as const) {
      const tablesAsked =
        "tables" in overrides ? { tables: overrides.tables.map((table) => ({ ...table })) } : {};
      const request = { ...overrides, ...tablesAsked } as Parameters<typeof plan>[3];
      expect(await failureOf(plan(user(), file, [b], request))).toMatchObject({
        code: Code.InvalidArgument,
        fields: [field],
      });
    }
  });

  test("InvalidArgument: a range that the plan does not have", async () => {
    const planned: PlanChunksResponse = await planOf("held");
    for (const range of ["pages 0-1", "all'", ""]) {
      expect(await failureOf(extractChunk(user(), planned, { tableIndex: 0, range }))).toMatchObject({
        code: Code.InvalidArgument,
        fields: ["range"],
      });
    }
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });

  test("FailedPrecondition: the source's secret", async () => {
    const stranger = await createDatabaseSource(mesh(), user(), foreign(), { passwordSecret: "unknown" });
    await mesh().database
      .sql`insert into orchestration.tables (table_id, org_id, source_id, schema_name, name, columns)
      select gen_random_uuid(), org_id, ${stranger}, schema_name, name, columns
      from orchestration.tables where table_id = ${tables.held ?? ""}`;
    const { tables: known } = await user().catalog.listTables({ sourceId: stranger });
    const call = plan(user(), stranger, [known[0]?.tableId ?? ""]);
    expect(await failureOf(call)).toMatchObject({ reason: "SECRET_NOT_FOUND" });
  });
});
