import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { Code, type ConnectError, createClient } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { hasReason } from "../../services/lib/rpc/errors.ts";
import { registry } from "../../services/lib/telemetry/metrics.ts";
import { streamOutput } from "../../services/orchestration/engine/stream-output.ts";
import { run } from "../../services/orchestration/run.ts";
import { forFile } from "../lib/for-file.ts";
import { untilGone } from "../lib/processes.ts";
import { startService, temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import { enginesOf, leftFiles, untilWorking } from "./engine-processes.ts";
import { startEngine } from "./engines.ts";
import { extractAll, extractChunk, plan, readParquet, tablesOf } from "./extracts.ts";
import {
  createFileSource,
  createSource,
  eventually,
  failureOf,
  query,
  startOrchestration,
} from "./orchestration.ts";
import { spawnOrchestration } from "./spawn-orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

/** Numbers of files that were prepared and found in the cache while `work` ran. */
async function countWhile<T>(
  work: () => Promise<T>,
): Promise<{ prepared: number; failed: number; result: T }> {
  const before = await counts();
  const result = await work();
  const after = await counts();
  return { prepared: after.prepared - before.prepared, failed: after.failed - before.failed, result };
}

async function counts() {
  const metric = await registry.getSingleMetric("sluice_prepared_files_total")?.get();
  const count = (result: string) => metric?.values.find(({ labels }) => labels.result === result)?.value ?? 0;
  return { prepared: count("prepared"), failed: count("failed") };
}

/** A unique CSV that compresses poorly. */
function csvOf(rowCount: number): string {
  const bytes = 9;
  const digits = (bytes / 3) * 4;
  const text = randomBytes(rowCount * bytes).toString("base64");
  const rows = Array.from(
    { length: rowCount },
    (_, n) => `${n},x-${text.slice(n * digits, (n + 1) * digits)}`,
  );
  return `n,text\n${rows.join("\n")}\n`;
}

const preparedFolder = (at = mesh()) => join(at.folder, "prepared");

/** Paths of cached files and drafts. */
async function filesOf(folder: string): Promise<{ kept: string[]; drafts: string[]; records: string[] }> {
  const kept = await readdir(join(folder, "sha256"), { recursive: true });
  const drafts = [
    ...(await readdir(join(folder, "drafts"))),
    ...(await readdir(join(folder, "record-drafts"))),
  ];
  const records = await readdir(join(folder, "records"));
  return {
    kept: kept.filter((name) => name.includes("/")).map((name) => join(folder, "sha256", name)),
    drafts,
    records,
  };
}

/** What a preparation adds to the folder. */
async function addedBy(work: () => Promise<unknown>, at = mesh()) {
  const before = await filesOf(preparedFolder(at));
  await work();
  const after = await filesOf(preparedFolder(at));
  return {
    kept: after.kept.filter((path) => !before.kept.includes(path)),
    records: after.records.filter((path) => !before.records.includes(path)),
  };
}

test("OK: 40 plans over one file that nobody has read yet prepare it once", async () => {
  const content = csvOf(20_000);
  const first = await createFileSource(mesh(), user(), "many.csv", content);
  const { many = "" } = await tablesOf(user(), first);
  // The same rows in other bytes, so that the catalog has the table and the file is not prepared.
  const settings = { fileId: mesh().peers.addFile(user().who, "many.csv", content.replace("-", "+")) };
  await user().sources.updateSource({
    source: { sourceId: first, settings },
    updateMask: { paths: ["settings"] },
  });
  const planOnce = async () => {
    // A user has 12 permits and 32 entries of the queue. Staging retries as well.
    for (let attempt = 0; attempt < 20; attempt += 1) {
      try {
        return await plan(user(), first, [many]);
      } catch (error) {
        if (!hasReason(error as ConnectError, ErrorReason.SERVICE_BUSY)) throw error;
      }
    }
    throw new Error("no permit came free");
  };
  const { prepared, result } = await countWhile(() => Promise.all(Array.from({ length: 40 }, planOnce)));
  expect(prepared).toBe(1);
  for (const { snapshotId } of result) await user().extracts.closeSnapshot({ snapshotId });
});

test("OK: a discovery, queries and every chunk of two jobs read what was prepared once", async () => {
  const { prepared, result } = await countWhile(async () => {
    const sourceId = await createFileSource(mesh(), user(), "once.csv", csvOf(5000));
    const { once = "" } = await tablesOf(user(), sourceId);
    const rows = (await query(user(), sourceId, "SELECT count(*), min(n), max(n) FROM once")).rows;
    const jobs = [];
    for (const chunkRows of [5000n, 1000n]) {
      const extracted = await extractAll(user(), await plan(user(), sourceId, [once], { chunkRows }));
      jobs.push(extracted.map(({ summary }) => Number(summary.rowCount)));
    }
    return { rows, jobs };
  });
  expect({ prepared, ...result }).toEqual({
    prepared: 1,
    rows: [["5000", "0", "4999"]],
    jobs: [[5000], [1000, 1000, 1000, 1000, 1000]],
  });
});

test("OK: another organisation's file with the same bytes is prepared for itself", async () => {
  const content = csvOf(10);
  const { prepared } = await countWhile(async () => {
    for (const who of [user(), mesh().user()]) {
      await query(who, await createFileSource(mesh(), who, "same.csv", content), "FROM same");
    }
  });
  expect(prepared).toBe(2);
});

test("OK: other settings are another reading of the same file", async () => {
  const fileId = mesh().peers.addFile(user().who, "read.csv", csvOf(10));
  const { prepared } = await countWhile(async () => {
    for (const settings of [{ fileId }, { fileId, format: "csv" }, { fileId, tableName: "read" }]) {
      await query(user(), await createSource(user(), "file", settings), "FROM read");
    }
  });
  expect(prepared).toBe(2);
});

test("OK: a plan of the same file by other settings is another snapshot", async () => {
  const fileId = mesh().peers.addFile(user().who, "snap.csv", csvOf(10));
  const names = [];
  for (const settings of [{ fileId }, { fileId, skipLines: 0 }, { fileId, skipLines: 1, header: false }]) {
    const sourceId = await createSource(user(), "file", settings);
    const { snap = "" } = await tablesOf(user(), sourceId);
    const { snapshot, snapshotId } = await plan(user(), sourceId, [snap]);
    names.push(snapshot);
    await user().extracts.closeSnapshot({ snapshotId });
  }
  expect(new Set(names).size).toBe(3);
  expect(names[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("OK: a file that can't be read is not read again at once", async () => {
  const sourceId = await createFileSource(mesh(), user(), "bad.csv", `${csvOf(10)}1,2,3\n`);
  const ask = () => failureOf(query(user(), sourceId, "FROM bad"));
  const first = await ask();
  expect(first).toMatchObject({ reason: "SOURCE_DATA_INVALID" });
  await expect(countWhile(ask)).resolves.toEqual({ prepared: 0, failed: 0, result: first });
});

describe("damage", () => {
  /** Flips one bit in the middle of a file. */
  async function damage(path: string, keepsTime: boolean): Promise<void> {
    const { mtime, atime } = await stat(path);
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(path, bytes);
    if (keepsTime) await utimes(path, atime, mtime);
  }

  test("OK: prepared bytes of which a bit was turned are prepared again", async () => {
    const sourceId = await createFileSource(mesh(), user(), "bit.csv", csvOf(3000));
    const ask = () => query(user(), sourceId, "SELECT sum(n) FROM bit");
    const { kept } = await addedBy(ask);
    await damage(kept[0] ?? "", false);
    const { prepared, result } = await countWhile(ask);
    expect({ prepared, rows: result.rows }).toEqual({ prepared: 1, rows: [["4498500"]] });
    expect((await countWhile(ask)).prepared).toBe(0);
  });

  test("FailedPrecondition: a plan whose bytes were damaged meanwhile is made again", async () => {
    const sourceId = await createFileSource(mesh(), user(), "plan.csv", csvOf(3000));
    const { kept } = await addedBy(() => tablesOf(user(), sourceId));
    const [tableId = ""] = (await user().catalog.listTables({ sourceId })).tables.map(
      (table) => table.tableId,
    );
    const planned = await plan(user(), sourceId, [tableId]);
    await damage(kept[0] ?? "", false);
    expect(await failureOf(extractAll(user(), planned))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "SNAPSHOT_GONE",
    });
    const [extracted] = await extractAll(user(), await plan(user(), sourceId, [tableId]));
    expect(extracted?.summary.rowCount).toBe(3000n);
  });

  test("OK: what an earlier process prepared is used, unless a bit of it or of its record was turned", async () => {
    await using other = await startOrchestration();
    const who = other.user();
    const names = ["whole", "bytes", "record"] as const;
    const added: Record<string, { kept: string[]; records: string[] }> = {};
    const files: Record<string, string> = {};
    for (const name of names) {
      files[name] = await createFileSource(other, who, `${name}.csv`, csvOf(2000));
      added[name] = await addedBy(() => query(who, files[name] ?? "", `FROM ${name}`), other);
    }
    await other.stop();
    await damage(added.bytes?.kept[0] ?? "", true);
    await damage(join(preparedFolder(other), "records", added.record?.records[0] ?? ""), true);
    await using again = await startService(run, other.config);
    const { executeQuery } = again.client(ExecutionService, who.who);
    for (const [name, expected] of [
      ["whole", 0],
      ["bytes", 1],
      ["record", 1],
    ] as const) {
      const { prepared, result } = await countWhile(() =>
        executeQuery({
          sourceId: files[name] ?? "",
          sql: `SELECT 1 FROM ${name} WHERE n = 1999`,
          timeout: { seconds: 120n },
        }),
      );
      expect({ name, prepared, rows: result.rows.length }).toEqual({ name, prepared: expected, rows: 1 });
    }
  });
});

describe("room", () => {
  test("ResourceExhausted: a file does not fit beside what is being read; it does when that is done", async () => {
    await using small = await startOrchestration({ PREPARED_CACHE_MIB: "1" });
    const who = small.user();
    const sources = [];
    for (const name of ["one.csv", "two.csv"]) {
      sources.push(await createFileSource(small, who, name, csvOf(80_000)));
    }
    const [one = "", two = ""] = sources;
    const { one: tableId = "" } = await tablesOf(who, one);
    const planned = await plan(who, one, [tableId]);
    expect(await failureOf(who.catalog.discover({ sourceId: two }))).toMatchObject({
      code: Code.ResourceExhausted,
      reason: "DISK_FULL",
      message: expect.stringContaining("the 1 MiB that they may"),
    });
    expect((await filesOf(preparedFolder(small))).drafts).toEqual([]);
    // A file in use was not evicted.
    const [extracted] = await extractAll(who, planned);
    expect(extracted?.summary.rowCount).toBe(80_000n);
    await who.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
    await who.catalog.discover({ sourceId: two });
    const { prepared } = await countWhile(() => query(who, one, "SELECT count(*) FROM one"));
    expect(prepared).toBe(1);
    expect((await filesOf(preparedFolder(small))).kept).toHaveLength(1);
  });

  const isRoot = process.getuid?.() === 0;
  // Only root can mount a file system.
  test.runIf(isRoot)("ResourceExhausted: no space is left on the disk; there is again", async () => {
    await using other = await startOrchestration();
    const who = other.user();
    const folder = preparedFolder(other);
    await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
    try {
      for (const name of ["drafts", "sha256", "records", "record-drafts"]) await mkdir(join(folder, name));
      const sourceId = await createFileSource(other, who, "large.csv", csvOf(100_000));
      const ask = () => failureOf(who.catalog.discover({ sourceId }));
      expect(await ask()).toMatchObject({ code: Code.ResourceExhausted, reason: "DISK_FULL" });
      expect(await filesOf(folder)).toEqual({ kept: [], drafts: [], records: [] });
      await promisify(execFile)("mount", ["-o", "remount,size=64m", folder]);
      expect((await who.catalog.discover({ sourceId })).added).toHaveLength(1);
    } finally {
      await promisify(execFile)("umount", [folder]);
    }
  });
});

// Only root can mount a file system.
test.runIf(process.getuid?.() === 0)("diskFull: no space is left for what is unpacked", async () => {
  await using folder = await temporaryFolder();
  const small = join(folder.path, "small");
  const path = join(folder.path, "large.csv.gz");
  await mkdir(small);
  await writeFile(path, gzipSync(`n,text\n${"1,a text that is there again and again\n".repeat(500_000)}`));
  await promisify(execFile)("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", small]);
  try {
    await using engine = await startEngine(join(small, "engine"));
    const limit = { signal: AbortSignal.timeout(100_000), timeoutMs: 100_000 };
    const task = {
      kind: "prepareFile" as const,
      path,
      fileName: "large.csv.gz",
      settings: {},
      isGuessing: true,
    };
    const bytes = streamOutput(engine, ({ outputPath }) => ({ ...task, outputPath }), undefined, limit);
    await expect(Array.fromAsync(bytes)).rejects.toMatchObject({ kind: "diskFull" });
  } finally {
    await promisify(execFile)("umount", [small]);
  }
});

describe("in the middle of it", () => {
  /** Reading a long file takes long on a busy machine. */
  const slowMs = 100_000;

  const draftBytes = async (folder: string): Promise<number> => {
    const names = await readdir(join(folder, "drafts")).catch(() => []);
    const sizes = await Promise.all(
      names.map((name) => stat(join(folder, "drafts", name)).catch(() => ({ size: 0 }))),
    );
    return sizes.reduce((sum, { size }) => sum + size, 0);
  };

  /** Resolves when a part of a draft is written, and fails if the call that has it written ends before. */
  const untilPartWritten = async (folder: string, call: Promise<unknown>) => {
    const written = expect
      .poll(() => draftBytes(folder), { timeout: slowMs, interval: 5 })
      .toBeGreaterThan(0);
    await Promise.race([
      written,
      call.then((outcome) => expect.fail(`the call ended first: ${JSON.stringify(outcome)}`)),
    ]);
  };

  test("Unavailable: the process is killed after it wrote a part of the file, and nothing of it is left", async () => {
    const sourceId = await createFileSource(mesh(), user(), "part.csv", csvOf(1_000_000));
    const before = await filesOf(preparedFolder());
    const call = failureOf(user().catalog.discover({ sourceId }));
    const pid = await untilWorking();
    await untilPartWritten(preparedFolder(), call);
    process.kill(pid, "SIGKILL");
    expect(await call).toMatchObject({ code: Code.Unavailable, reason: "ENGINE_CRASHED" });
    expect(await filesOf(preparedFolder())).toEqual(before);
    await eventually(() => leftFiles(mesh().folder)).toEqual([]);
    const { prepared, result } = await countWhile(() => user().catalog.discover({ sourceId }));
    expect({ prepared, rows: result.added[0]?.rowCount }).toEqual({ prepared: 1, rows: 1_000_000n });
  });

  test("Canceled: the one who began leaves, and another one who waits gets the file", async () => {
    const sourceId = await createFileSource(mesh(), user(), "leave.csv", csvOf(1_500_000));
    const caller = new AbortController();
    const { prepared, result } = await countWhile(async () => {
      const left = failureOf(user().catalog.discover({ sourceId }, { signal: caller.signal }));
      await untilWorking();
      const stayed = query(user(), sourceId, "SELECT count(*) FROM leave");
      await untilPartWritten(preparedFolder(), left);
      caller.abort();
      expect(await left).toMatchObject({ code: Code.Canceled });
      return await stayed;
    });
    expect({ prepared, rows: result.rows }).toEqual({ prepared: 1, rows: [["1500000"]] });
  });

  test("Canceled: the last one who waits leaves, and the process with them", async () => {
    const sourceId = await createFileSource(mesh(), user(), "gone.csv", csvOf(1_500_000));
    const caller = new AbortController();
    const left = failureOf(user().catalog.discover({ sourceId }, { signal: caller.signal }));
    const pid = await untilWorking();
    await untilPartWritten(preparedFolder(), left);
    caller.abort();
    expect(await left).toMatchObject({ code: Code.Canceled });
    await untilGone([pid]);
    await eventually(async () => (await filesOf(preparedFolder())).drafts).toEqual([]);
  });

  test("OK: the mesh is killed in the middle of it, and its next process reads nothing half-done", async () => {
    await using folder = await temporaryFolder();
    const spawn = () => spawnOrchestration(mesh(), folder.path);
    const sourceId = await createFileSource(mesh(), user(), "killed.csv", csvOf(1_000_000));
    const request = { sourceId, sql: "SELECT count(*), max(n) FROM killed", timeout: { seconds: 120n } };
    const prepared = join(folder.path, "prepared");
    {
      await using service = await spawn();
      await using transport = transportAs(service.address, user().who, "edge");
      const call = failureOf(createClient(ExecutionService, transport).executeQuery(request));
      await untilPartWritten(prepared, call);
      const engines = enginesOf(service.pid);
      await service.kill();
      await untilGone(engines);
      await call;
    }
    expect(await draftBytes(prepared)).toBeGreaterThan(0);
    expect(await readdir(join(prepared, "records"))).toEqual([]);
    await using service = await spawn();
    expect((await filesOf(prepared)).drafts).toEqual([]);
    await using transport = transportAs(service.address, user().who, "edge");
    const { rows } = await createClient(ExecutionService, transport).executeQuery(request);
    expect(rows[0]?.values.map(({ kind }) => kind.value)).toEqual(["1000000", "999999"]);
  });
});

describe("chunks of a file of 1,000,000 rows", () => {
  let sourceId: string;
  let tableId: string;
  beforeAll(async () => {
    sourceId = await createFileSource(mesh(), user(), "million.csv", csvOf(1_000_000));
    [tableId = ""] = Object.values(await tablesOf(user(), sourceId));
  });

  test.each([
    [1_000_000n, 1, "handed out"],
    [400_000n, 3, "handed out"],
    [98_304n, 11, "handed out"],
    [250_000n, 5, "handed out"],
    [90_000n, 12, "written anew"],
  ])("OK: of %i rows at most: %i, %s", async (chunkRows, count) => {
    const planned = await plan(user(), sourceId, [tableId], { chunkRows });
    expect(planned.chunks.length).toBe(count);
    let next = 0;
    for (const chunk of planned.chunks) {
      expect(chunk.rowCountExpected).toBeLessThanOrEqual(chunkRows);
      const { bytes, summary } = await extractChunk(user(), planned, chunk);
      const last = next + Number(summary.rowCount) - 1;
      expect(summary.rowCount).toBe(chunk.rowCountExpected);
      expect(summary.columns[0]).toMatchObject({ name: "n", nullCount: 0n, min: `${next}`, max: `${last}` });
      const rows = await readParquet(bytes);
      expect([rows.length, Number(rows[0]?.n), Number(rows.at(-1)?.n)]).toEqual([
        last - next + 1,
        next,
        last,
      ]);
      next = last + 1;
    }
    expect(next).toBe(1_000_000);
    await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  });
});
