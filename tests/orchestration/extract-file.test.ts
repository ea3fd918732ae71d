import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ExtractFormat } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { extract } from "../../services/orchestration/engine/extract.ts";
import { beforeAbort } from "../../services/orchestration/timing/before-abort.ts";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { startEngine, writeParquet } from "./engines.ts";
import { codecsOf, extractAll, parquetColumns, plan, readParquet, tablesOf } from "./extracts.ts";
import { createFileSource, dataSet, failureOf, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

/** Creates a source on a new file. Returns the id of its table. */
async function fileTable(name: string, content: Buffer | string, who = user(), at = mesh()) {
  const sourceId = await createFileSource(at, who, name, content);
  const [tableId = ""] = Object.values(await tablesOf(who, sourceId));
  return { sourceId, tableId };
}

const numbers = { fileName: "n.parquet", reading: { format: "parquet" as const }, rowBytes: 8 };

async function writeNumbers(folder: string, count: number): Promise<string> {
  const path = join(folder, "n.parquet");
  await writeParquet(path, `SELECT range AS n FROM range(${count})`);
  return path;
}

const buses = 'line,km\nred,1.5\n,2.5\n"",3.5\n';

describe("OK", () => {
  test("a CSV as one Parquet file", async () => {
    const { sourceId, tableId } = await fileTable("buses.csv", buses);
    const planned = await plan(user(), sourceId, [tableId]);
    expect(planned).toMatchObject({
      snapshot: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      repeatable: true,
      tables: [
        {
          tableId,
          schemaName: "",
          name: "buses",
          columns: [
            { name: "line", sourceType: "VARCHAR", dataType: "VARCHAR", nullable: true },
            { name: "km", sourceType: "DECIMAL(18,1)", dataType: "DECIMAL(18,1)", nullable: true },
          ],
        },
      ],
      chunks: [{ tableIndex: 0, range: "rows 0-3", rowCountExpected: 3n }],
    });
    const [extracted] = await extractAll(user(), planned);
    const { bytes = Buffer.alloc(0), summary } = extracted ?? {};
    const rows = await readParquet(bytes);
    expect(rows.map(({ km }) => km)).toEqual([1.5, 2.5, 3.5]);
    expect(parquetColumns(bytes)).toEqual(["line BYTE_ARRAY UTF8", "km INT64 DECIMAL"]);
    expect(codecsOf(bytes)).toEqual(["ZSTD"]);
    expect(summary).toMatchObject({
      rowCount: 3n,
      columns: [
        { name: "line", max: "red" },
        { name: "km", nullCount: 0n, min: "1.5", max: "3.5" },
      ],
    });
  });

  test("the same snapshot, chunks and bytes of the same file again", async () => {
    const content = await dataSet("cars.json");
    const [first, second] = [await fileTable("cars.json", content), await fileTable("cars.json", content)];
    const plans = [
      await plan(user(), first.sourceId, [first.tableId]),
      await plan(user(), second.sourceId, [second.tableId]),
    ];
    expect(plans[0]?.snapshot).toBe(plans[1]?.snapshot);
    const [one, other] = (await Promise.all(plans.map((planned) => extractAll(user(), planned)))).flat();
    expect(one?.summary.rowCount).toBe(406n);
    expect(one?.bytes.equals(other?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test("columns that are wanted, in their order", async () => {
    const { sourceId, tableId } = await fileTable("three.csv", "a,b,c\n1,2,3\n");
    const planned = await plan(user(), sourceId, [tableId], { tables: [{ tableId, columns: ["c", "a"] }] });
    const [extracted] = await extractAll(user(), planned);
    expect(await readParquet(extracted?.bytes ?? Buffer.alloc(0))).toEqual([{ c: 3n, a: 1n }]);
  });

  test("a table without rows", async () => {
    const { sourceId, tableId } = await fileTable("nothing.csv", "a,b\n");
    const planned = await plan(user(), sourceId, [tableId]);
    expect(planned.chunks).toMatchObject([{ range: "rows 0-0", rowCountExpected: 0n }]);
    const [extracted] = await extractAll(user(), planned);
    expect(await readParquet(extracted?.bytes ?? Buffer.alloc(0))).toEqual([]);
    expect(parquetColumns(extracted?.bytes ?? Buffer.alloc(0)).map((column) => column.split(" ")[0])).toEqual(
      ["a", "b"],
    );
  });

  test("a Parquet file in chunks of as many rows as were asked for", async () => {
    const flights = await fileTable("flights.json", await dataSet("flights-2k.json"));
    const [whole] = await extractAll(user(), await plan(user(), flights.sourceId, [flights.tableId]));
    const { sourceId, tableId } = await fileTable("flights.parquet", whole?.bytes ?? Buffer.alloc(0));
    const planned = await plan(user(), sourceId, [tableId], { chunkRows: 900n });
    expect(planned.chunks.map(({ range }) => range)).toEqual([
      "rows 0-900",
      "rows 900-1800",
      "rows 1800-2000",
    ]);
    const extracted = await extractAll(user(), planned);
    expect(extracted.map(({ summary }) => summary.rowCount)).toEqual([900n, 900n, 200n]);
    const rows = await Promise.all(extracted.map(({ bytes }) => readParquet(bytes)));
    expect(rows.flat()).toEqual(await readParquet(whole?.bytes ?? Buffer.alloc(0)));
  });

  test("a CSV, in which what is missing is empty and an empty text is quoted", async () => {
    const { sourceId, tableId } = await fileTable(
      "texts.ndjson",
      '{"a":"","b":1}\n{"a":"x, \\"y\\"","b":null}\n{"b":3}\n',
    );
    const [extracted] = await extractAll(
      user(),
      await plan(user(), sourceId, [tableId], { format: ExtractFormat.CSV }),
    );
    expect(extracted?.bytes.toString()).toBe('a,b\n"",1\n"x, ""y""",\n,3\n');
    expect(extracted?.summary).toMatchObject({
      rowCount: 3n,
      columns: [
        { name: "a", nullCount: 1n, min: "", max: 'x, "y"' },
        { name: "b", nullCount: 1n, min: "1", max: "3" },
      ],
    });
  });

  test("some rows of a file", async () => {
    await using folder = await temporaryFolder();
    await using engine = await startEngine(folder.path);
    const path = await writeNumbers(folder.path, 50_000);
    const rowsOf = async (from: number, to: number) => {
      const columns = [{ name: "n", expression: "n" }];
      const task = { ...numbers, rows: { from, to }, columns, format: "parquet" as const };
      const limit = { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 };
      const chunks = await Array.fromAsync(extract(engine, { path }, task, limit));
      return (await readParquet(Buffer.concat(chunks))).map(({ n }) => Number(n));
    };
    const parts = [await rowsOf(0, 20_000), await rowsOf(20_000, 40_000), await rowsOf(40_000, 50_000)];
    expect(parts.map((part) => part.length)).toEqual([20_000, 20_000, 10_000]);
    expect(parts.flat()).toEqual(Array.from({ length: 50_000 }, (_, n) => n));
  });
});

test("a snapshot keeps the file although other files take its place", async () => {
  const { sourceId, tableId } = await fileTable("kept.csv", "a\n1\n");
  const planned = await plan(user(), sourceId, [tableId]);
  const fileId = mesh().peers.addFile(user().who, "kept.csv", "a\n2\n");
  await user().sources.updateSource({
    source: { sourceId, settings: { fileId } },
    updateMask: { paths: ["settings"] },
  });
  const [extracted] = await extractAll(user(), planned);
  expect(await readParquet(extracted?.bytes ?? Buffer.alloc(0))).toEqual([{ a: 1n }]);
  expect((await query(user(), sourceId, "FROM kept")).rows).toEqual([["2"]]);
});

test("Canceled: an input that is not read yet is given up while its feed does something else", async () => {
  await using folder = await temporaryFolder();
  await using engine = await startEngine(folder.path);
  const caller = new AbortController();
  const limit = { signal: caller.signal, timeoutMs: 60_000 };
  const feed = async () => {
    caller.abort(new Error("the caller went away"));
    // The input has failed by now. An unhandled rejection would have ended the process.
    await setImmediate();
  };
  const task = { ...numbers, rows: undefined, columns: [], format: "csv" as const };
  await expect(Array.fromAsync(extract(engine, { feed }, task, limit))).rejects.toThrow(
    "the caller went away",
  );
});

test("Canceled: what is waited for may fail after the wait was refused", async () => {
  const work = Promise.withResolvers<never>();
  await expect(beforeAbort(work.promise, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  work.reject(new Error("nobody waits for it"));
  await setImmediate();
});

const isRoot = process.getuid?.() === 0;
const run = promisify(execFile);

// Only root can mount a file system.
test.runIf(isRoot)("ResourceExhausted: no space is left for what does not fit into memory", async () => {
  await using folder = await temporaryFolder();
  const small = join(folder.path, "small");
  await mkdir(small);
  await run("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", small]);
  try {
    await using engine = await startEngine(join(small, "engine"));
    const path = await writeNumbers(folder.path, 200_000);
    const columns = [{ name: "n", expression: "repeat(hash(n)::VARCHAR, 200)" }];
    const task = { ...numbers, rows: undefined, columns, format: "csv" as const };
    const limit = { signal: AbortSignal.timeout(100_000), timeoutMs: 100_000 };
    await expect(Array.fromAsync(extract(engine, { path }, task, limit))).rejects.toMatchObject({
      kind: "diskFull",
    });
  } finally {
    await run("umount", [small]);
  }
});

test("Canceled: the caller goes away while a file is fetched for a plan", async () => {
  const { sourceId, tableId } = await fileTable("first.csv", "a\n1\n");
  const fileId = mesh().peers.addFile(user().who, "first.csv", "a\n3\n");
  await user().sources.updateSource({
    source: { sourceId, settings: { fileId } },
    updateMask: { paths: ["settings"] },
  });
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  mesh().peers.beforeBytes = (id) => {
    if (id !== fileId) return undefined;
    asked.resolve();
    return release.promise;
  };
  const caller = new AbortController();
  const call = failureOf(
    user().extracts.planChunks(
      { sourceId, tables: [{ tableId }], chunkRows: 1n, format: ExtractFormat.PARQUET },
      { signal: caller.signal },
    ),
  );
  await asked.promise;
  caller.abort();
  expect(await call).toMatchObject({ code: Code.Canceled });
  release.resolve();
});
