import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Code } from "@connectrpc/connect";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { leftFiles, withMemoryPeaks } from "./engine-processes.ts";
import { createFileSource, eventually, failureOf, query, startOrchestration } from "./orchestration.ts";

const processMiB = 1536;

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

/** A Parquet file, as DuckDB writes the result of a statement. */
async function parquetOf(select: string): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "made.parquet");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(`COPY (${select}) TO '${path}' (COMPRESSION zstd)`);
  connection.closeSync();
  return await readFile(path);
}

/** The response of a call, or its failure. */
const outcomeOf = <Response>(call: Promise<Response>) => call.catch(() => failureOf(call));

const names = Array.from({ length: 10_000 }, (_, index) => `c${index}`);
/** Two types of values, because the reader reads an object of one type as a map. */
const wideObject = Object.fromEntries(names.map((name, index) => [name, index % 2 ? index : `${index}`]));

test.each<[string, () => Promise<Buffer | string>]>([
  ["wide.csv", async () => `${names.join(",")}\n${names.map((_, index) => index).join(",")}\n`],
  ["wide.json", async () => JSON.stringify([wideObject])],
  ["wide.parquet", () => parquetOf(`SELECT ${names.map((name, index) => `${index} AS ${name}`).join(", ")}`)],
])("OK or ResourceExhausted: 10,000 columns of %s", async (name, make) => {
  const sourceId = await createFileSource(mesh(), user(), name, await make());
  const steps: (() => Promise<object>)[] = [
    () => user().catalog.discover({ sourceId }),
    () => query(user(), sourceId, "FROM wide"),
  ];
  for (const step of steps) {
    const begun = performance.now();
    const { result, process } = await withMemoryPeaks(() => outcomeOf(step()));
    const outcome = "reason" in result ? String(result.reason) : "answered";
    console.info(`${name}: ${Math.round(performance.now() - begun)} ms, at most ${process} MiB, ${outcome}`);
    if ("reason" in result) expect(["MEMORY_LIMIT", "EXECUTION_LIMIT"]).toContain(result.reason);
    expect(process).toBeLessThanOrEqual(processMiB);
  }
});

/** The error names the file or the memory limit, and memory stayed within the limit. */
async function expectRefusal(name: string, content: Buffer, sourceSettings = {}) {
  const sourceId = await createFileSource(mesh(), user(), name, content, sourceSettings);
  const begun = performance.now();
  const discovery = () => failureOf(user().catalog.discover({ sourceId }));
  const { result, process, total } = await withMemoryPeaks(discovery);
  console.info(
    `${name}: ${Math.round(performance.now() - begun)} ms, at most ${process} of ${total} MiB; ${result.reason}: ${result.message}`,
  );
  expect([Code.FailedPrecondition, Code.ResourceExhausted]).toContain(result.code);
  expect(["SOURCE_DATA_INVALID", "MEMORY_LIMIT"]).toContain(result.reason);
  expect(process).toBeLessThanOrEqual(processMiB);
  await eventually(() => leftFiles(mesh().folder)).toEqual([]);
}

/** A gibibyte of rows, compressed once. */
let bomb: Buffer | undefined;

test("refused: a CSV with a cell of 2 GB", async () => {
  const cell = Buffer.alloc(2_000_000_000, "x");
  cell.write("a,b\n1,");
  cell.write("\n", cell.length - 1);
  await expectRefusal("cell.csv", cell);
});

test.each([
  ["called", {}],
  ["said to be", { format: "csv" }],
])("refused: a gzip bomb that is %s a CSV", async (_, settings) => {
  bomb ??= gzipSync(Buffer.alloc(1024 ** 3, "a,b\n"), { level: 1 });
  await expectRefusal("bomb.csv.gz", bomb, settings);
});

test("OK or ResourceExhausted: a Parquet file of a few kilobytes with gigabytes of text", async () => {
  const content = await parquetOf("SELECT repeat('a', 250000000) AS t FROM range(8)");
  expect(content.length).toBeLessThan(1_000_000);
  const sourceId = await createFileSource(mesh(), user(), "bomb.parquet", content);
  const sql = "SELECT sum(length(t)) FROM bomb WHERE t LIKE '%b'";
  const { result, process } = await withMemoryPeaks(() => outcomeOf(query(user(), sourceId, sql)));
  const outcome = "reason" in result ? `${result.reason}: ${result.message}` : JSON.stringify(result.rows);
  console.info(`bomb.parquet of ${content.length} bytes: at most ${process} MiB, ${outcome}`);
  if ("reason" in result) expect(result.reason).toBe("MEMORY_LIMIT");
  expect(process).toBeLessThanOrEqual(processMiB);
});
