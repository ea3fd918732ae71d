import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { ExtractFormat } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { untilGone } from "../lib/processes.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { holdEngines, isBusy, leftFiles, untilIdle, untilWorking } from "./engine-processes.ts";
import { startEngine, statementOn } from "./engines.ts";
import { extractChunk, plan, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { createFileSource, eventually, failureOf, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create table lines as select n, md5(n::text) || md5((-n)::text) as text from generate_series(1, 500000) as n;
    grant select on all tables in schema public to public`);
});

/** Unique bytes, so that no other test has recorded crashes of them. */
const fresh = () => `n\n${randomBytes(6).readUIntBE(0, 6)}\n`;
const freshSource = () => createFileSource(mesh(), user(), "n.csv", fresh());

const killed = (subject: string) => ({
  code: Code.Unavailable,
  reason: "ENGINE_CRASHED",
  fields: [],
  message: `the engine's process ended by SIGKILL, while it read ${subject}: try again`,
});

/** Asserts that no file or pipe of a task is left, and that no crash of the file is recorded. */
async function expectNothingLeft(): Promise<void> {
  await closeSnapshots();
  await eventually(() => leftFiles(mesh().folder)).toEqual([]);
  expect((await user().crashes.listCrashes({})).crashes).toEqual([]);
}

type Call = (signal?: AbortSignal) => Promise<unknown>;
type Step = {
  readonly subject: string;
  /** Runs everything before the step. Returns the step. */
  prepare(): Promise<Call>;
};

/** Snapshots of a test. Each may keep a process. */
const snapshots: string[] = [];
async function closeSnapshots(): Promise<void> {
  for (const snapshotId of snapshots.splice(0)) await user().extracts.closeSnapshot({ snapshotId });
}

/** The extraction of a table's first chunk. */
async function prepareExtract(sourceId: string, tableId: string): Promise<Call> {
  const { snapshotId, chunks } = await plan(user(), sourceId, [tableId]);
  snapshots.push(snapshotId);
  const request = { snapshotId, tableIndex: 0, range: chunks[0]?.range ?? "" };
  return (signal) => Array.fromAsync(user().extracts.extractChunk(request, signal && { signal }));
}

const file = 'the file "n.csv"';

async function discoveredFile() {
  const sourceId = await freshSource();
  const [tableId = ""] = Object.values(await tablesOf(user(), sourceId));
  return { sourceId, tableId };
}

const steps: Readonly<Record<string, Step>> = {
  Discover: {
    subject: file,
    async prepare() {
      const sourceId = await freshSource();
      return (signal) => user().catalog.discover({ sourceId }, signal && { signal });
    },
  },
  ExecuteQuery: {
    subject: file,
    async prepare() {
      const sourceId = await freshSource();
      await query(user(), sourceId, "FROM n");
      return (signal) => user().executions.executeQuery({ sourceId, sql: "FROM n" }, signal && { signal });
    },
  },
  PlanChunks: {
    subject: file,
    async prepare() {
      const { sourceId, tableId } = await discoveredFile();
      const settings = { fileId: mesh().peers.addFile(user().who, "n.csv", fresh()) };
      await user().sources.updateSource({
        source: { sourceId, settings },
        updateMask: { paths: ["settings"] },
      });
      const request = { sourceId, tables: [{ tableId }], chunkRows: 1000n, format: ExtractFormat.PARQUET };
      return async (signal) => {
        const { snapshotId } = await user().extracts.planChunks(request, signal && { signal });
        snapshots.push(snapshotId);
      };
    },
  },
  "ExtractChunk of a file": {
    subject: file,
    async prepare() {
      const { sourceId, tableId } = await discoveredFile();
      return prepareExtract(sourceId, tableId);
    },
  },
  "ExtractChunk of a database": {
    subject: "the table public.lines",
    async prepare() {
      const sourceId = await createDatabaseSource(mesh(), user(), foreign());
      const { lines = "" } = await tablesOf(user(), sourceId);
      return prepareExtract(sourceId, lines);
    },
  },
};

describe.each(Object.entries(steps))("%s", (_, { prepare, subject }) => {
  test("Unavailable: the process is killed, whatever it was doing, and the next call works", async () => {
    const ask = await prepare();
    {
      using engines = holdEngines();
      const call = failureOf(ask());
      process.kill(await engines.working(), "SIGKILL");
      expect(await call).toEqual(killed(subject));
    }
    await ask();
    await expectNothingLeft();
  });

  test("Canceled: the process is stopped; the caller goes away, and the process with it", async () => {
    const ask = await prepare();
    {
      using engines = holdEngines();
      const caller = new AbortController();
      const call = failureOf(ask(caller.signal));
      const pid = await engines.working();
      caller.abort();
      expect(await call).toMatchObject({ code: Code.Canceled });
      await untilGone([pid]);
    }
    await ask();
    await expectNothingLeft();
  });
});

test("DeadlineExceeded: the process of a statement is stopped, and ended at the statement's timeout", async () => {
  const sourceId = await freshSource();
  await query(user(), sourceId, "FROM n");
  {
    using engines = holdEngines();
    const stopped = user().executions.executeQuery({ sourceId, sql: "FROM n", timeout: { seconds: 1n } });
    const failure = failureOf(stopped);
    const pid = await engines.working();
    expect(await failure).toMatchObject({
      code: Code.DeadlineExceeded,
      message: "the statement ran longer than the 1 s that `timeout` allows",
    });
    await untilGone([pid]);
  }
  expect((await query(user(), sourceId, "SELECT count(*) FROM n")).rows).toEqual([["1"]]);
  await expectNothingLeft();
});

test("Unavailable: the process is killed in the middle of a computation", async () => {
  const sourceId = await freshSource();
  await query(user(), sourceId, "FROM n");
  const endless = "SELECT count(*) FROM range(1000000000000000)";
  const call = failureOf(
    user().executions.executeQuery({ sourceId, sql: endless, timeout: { seconds: 300n } }),
  );
  const pid = await untilWorking();
  await eventually(() => isBusy(pid)).toBe(true);
  process.kill(pid, "SIGKILL");
  expect(await call).toEqual(killed(file));
  await expectNothingLeft();
});

describe("in the middle of a chunk", () => {
  /** Reads the first part of a chunk that a process writes. One column of two cannot be cut from the prepared file. */
  async function beginChunk(sourceId: string, tableId: string) {
    const tables = [{ tableId, columns: ["text"] }];
    const { snapshotId, chunks } = await plan(user(), sourceId, [], { tables });
    snapshots.push(snapshotId);
    const request = { snapshotId, tableIndex: 0, range: chunks[0]?.range ?? "" };
    const caller = new AbortController();
    // The process that prepared the file may still have the task's files.
    await untilIdle();
    const parts = user().extracts.extractChunk(request, { signal: caller.signal })[Symbol.asyncIterator]();
    expect((await parts.next()).value?.part.case).toBe("chunk");
    return { snapshotId, request, caller, parts, pid: await untilWorking() };
  }

  /** Kills the process of a chunk and reads the rest of the stream. */
  async function breakOff(sourceId: string, tableId: string, signal: NodeJS.Signals) {
    const { snapshotId, request, caller, parts, pid } = await beginChunk(sourceId, tableId);
    process.kill(pid, signal);
    if (signal === "SIGSTOP") caller.abort();
    const failure = await failureOf(
      (async () => {
        while (!(await parts.next()).done);
      })(),
    );
    await untilGone([pid]);
    return { failure, again: () => extractChunk(user(), { snapshotId } as never, request) };
  }

  const sources: Readonly<
    Record<string, () => Promise<{ sourceId: string; tableId: string; subject: string }>>
  > = {
    "a file": async () => {
      const rows = Array.from({ length: 300_000 }, (_, n) => `${n},${randomBytes(48).toString("base64")}`);
      const sourceId = await createFileSource(mesh(), user(), "lines.csv", `n,text\n${rows.join("\n")}\n`);
      const { lines = "" } = await tablesOf(user(), sourceId);
      return { sourceId, tableId: lines, subject: 'the file "lines.csv"' };
    },
    "a database": async () => {
      const sourceId = await createDatabaseSource(mesh(), user(), foreign());
      const { lines = "" } = await tablesOf(user(), sourceId);
      return { sourceId, tableId: lines, subject: "the table public.lines" };
    },
  };

  test.each(Object.entries(sources))(
    "Unavailable: the process is killed while it writes a chunk of %s",
    async (_, make) => {
      const { sourceId, tableId, subject } = await make();
      const { failure, again } = await breakOff(sourceId, tableId, "SIGKILL");
      expect(failure).toEqual(killed(subject));
      expect((await again()).summary.rowCount).toBeGreaterThan(0n);
      await expectNothingLeft();
    },
  );

  test.each(Object.entries(sources))(
    "FailedPrecondition: the snapshot of %s is closed while the reader of a chunk pauses, who hears of it",
    async (_, make) => {
      const { sourceId, tableId } = await make();
      const { snapshotId, parts, pid } = await beginChunk(sourceId, tableId);
      await user().extracts.closeSnapshot({ snapshotId });
      snapshots.length = 0;
      await untilGone([pid]);
      const failure = await failureOf(
        (async () => {
          while (!(await parts.next()).done);
        })(),
      );
      expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SNAPSHOT_GONE" });
      await expectNothingLeft();
    },
  );

  test.each(Object.entries(sources))(
    "Canceled: the process is stopped while it writes a chunk of %s",
    async (_, make) => {
      const { sourceId, tableId } = await make();
      const { failure, again } = await breakOff(sourceId, tableId, "SIGSTOP");
      expect(failure.code).toBe(Code.Canceled);
      expect((await again()).summary.rowCount).toBeGreaterThan(0n);
      await expectNothingLeft();
    },
  );
});

const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

// Only root can mount a file system.
test.runIf(isRoot)("ResourceExhausted: no space is left for what a statement spills", async () => {
  await using folder = await temporaryFolder();
  const small = join(folder.path, "small");
  await mkdir(small);
  await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", small]);
  try {
    await using engine = await startEngine(join(small, "engine"));
    const sql =
      "SELECT sum(r) FROM (SELECT row_number() OVER (ORDER BY t) AS r FROM " +
      "(SELECT repeat(hash(range)::VARCHAR, 20) AS t FROM range(4000000)))";
    const task = await statementOn(folder.path, "n\n1\n", sql);
    const limit = { signal: AbortSignal.timeout(100_000), timeoutMs: 100_000 };
    await expect(engine.run(task, limit)).rejects.toMatchObject({ kind: "diskFull" });
  } finally {
    await run("umount", [small]);
  }
});
