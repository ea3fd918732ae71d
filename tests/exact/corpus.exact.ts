import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileFormat } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { checkFile, type FurtherCheck, findFault, type Outcome } from "./check-file.ts";
import { type CorpusFile, contentOf, pathOf, readCorpus, readKnownLosses } from "./corpus.ts";
import { findChange, type ReadTable } from "./keeps.ts";
import { type Python, type Reader, readers, startPython } from "./python.ts";
import { type FileResult, resultsPath, writeTable } from "./results.ts";
import { stage, startWorld, type World } from "./world.ts";

/** A substring to select files; a selection is not compared with the results. */
const only = process.env.EXACT_ONLY ?? "";

const stack = new AsyncDisposableStack();
let world: World;
let python: Python;
let folder: string;
beforeAll(async () => {
  world = stack.use(await startWorld());
  python = stack.use(startPython());
  folder = stack.use(await temporaryFolder()).path;
});
afterAll(() => stack[Symbol.asyncDispose]());

/** The format of the settings or of the file extension. */
function formatOf({ name, settings = {} }: CorpusFile): string {
  if (typeof settings.format === "string") return settings.format;
  const [, extension = "csv"] = /\.(json|ndjson|parquet)(\.gz)?$/.exec(name) ?? [];
  return extension;
}

/** Reads the file directly by another tool. */
async function readDirectly(file: CorpusFile, reader: Reader, path: string): Promise<Outcome> {
  const { settings = {}, lastRows } = file;
  const shown = lastRows ? { last: lastRows.length } : {};
  const read = await python.read({ reader, path, format: formatOf(file), settings, ...shown });
  if (read.refused !== undefined) return { verdict: "refused", detail: read.refused };
  const skipped = Array.from({ length: read.rowCount - read.rows.length }, () => []);
  const change = findChange(file, { ...read, rows: [...skipped, ...read.rows] }, false);
  return change === undefined ? { verdict: "kept", detail: "" } : { verdict: "changed", detail: change };
}

/** Types that DuckDB writes to CSV in its own notation. */
const noCsvType = /[[(]|^(BLOB|MAP|STRUCT|JSON|INTERVAL)/;

/** Compares a file with a job's Parquet and CSV, as pyarrow and polars read them. */
const checkReadBack =
  (file: CorpusFile): FurtherCheck =>
  async (sourceId, queried) => {
    const hasCsv = !queried.columns.some(({ type }) =>
      noCsvType.test(type.replace(/^DECIMAL\(\d+,\d+\)$/, "")),
    );
    const formats = [
      { format: FileFormat.PARQUET, readAs: "parquet" },
      ...(hasCsv ? [{ format: FileFormat.CSV, readAs: "csv-text" }] : []),
    ];
    for (const { format, readAs } of formats) {
      const path = join(folder, `${crypto.randomUUID()}.${readAs}`);
      await writeFile(path, Buffer.concat(await stage(world, sourceId, format)));
      const change = await findReadBackChange(file, queried, path, readAs);
      if (change !== undefined) return change;
    }
    return undefined;
  };

async function findReadBackChange(file: CorpusFile, queried: ReadTable, path: string, readAs: string) {
  for (const reader of ["pyarrow", "polars"] as const) {
    const read = await python.read({ reader, path, format: readAs });
    if (read.refused !== undefined) return `${reader}, ${readAs}: ${read.refused}`;
    // CSV has no types, so numbers are compared as numbers.
    const typed = read.columns.map((column, index) => ({
      ...column,
      isText: queried.columns[index]?.isText ?? false,
    }));
    const change = findChange(file, readAs === "parquet" ? read : { ...read, columns: typed }, false);
    if (change !== undefined) return `${reader}, ${readAs}: ${change}`;
  }
  return undefined;
}

async function checkEverywhere(file: CorpusFile): Promise<{ result: FileResult; fault: string | undefined }> {
  const path = join(folder, file.kind, file.name);
  await mkdir(join(folder, file.kind), { recursive: true });
  await writeFile(path, await contentOf(file));
  const outcome = await checkFile(world, file, checkReadBack(file));
  const others = [];
  for (const reader of readers)
    others.push([reader, (await readDirectly(file, reader, path)).verdict] as const);
  const fault = findFault(file, outcome);
  const sluice = outcome.verdict === "refused" || fault === undefined ? outcome.verdict : "changed";
  return { result: { sluice, ...Object.fromEntries(others) } as FileResult, fault };
}

test("OK: the corpus is read by Sluice, and what it stages by pyarrow and polars, as the results say", async () => {
  const known = await readKnownLosses();
  const queue = (await readCorpus()).filter((file) => pathOf(file).includes(only))[Symbol.iterator]();
  const results: Record<string, FileResult> = {};
  const faults: string[] = [];
  const lane = async () => {
    for (const file of queue) {
      const { result, fault } = await checkEverywhere(file);
      results[pathOf(file)] = result;
      if (fault !== undefined && known[pathOf(file)] === undefined) faults.push(`${pathOf(file)}: ${fault}`);
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  expect(faults).toEqual([]);
  if (only !== "") return;
  const sorted = Object.entries(results).sort(([left], [right]) => (left < right ? -1 : 1));
  const lines = sorted.map(([path, result]) => `  ${JSON.stringify(path)}: ${JSON.stringify(result)}`);
  const text = `{\n${lines.join(",\n")}\n}\n`;
  if (process.env.EXACT_WRITE) {
    await writeFile(resultsPath, text);
    await writeTable();
  }
  expect(await readFile(resultsPath, "utf8")).toBe(text);
});
