import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { extract } from "../../engine/extract.ts";
import { toParquet } from "../../engine/files/parquet/parquet-type.ts";
import { type ParquetFooter, readFooter } from "../../engine/parquet/footer.ts";
import type { ExtractColumn, Extraction } from "../../engine/protocol.ts";
import { tableChanged } from "../../errors.ts";
import { createCutStatistics } from "../../prepared/cut-statistics.ts";
import type { PreparedFile } from "../../prepared/prepared-files.ts";
import { streamRowGroups } from "../../prepared/stream-row-groups.ts";
import type { Limit } from "../../timing/limit.ts";
import type {
  ChunkName,
  DiscoveredColumn,
  PlannedColumn,
  Snapshot,
  SnapshotRequest,
  SnapshotTable,
} from "../connector.ts";
import { chunksWithEngineFailures, withEngineFailures } from "../engine-failures.ts";
import type { FileReaderDeps, TableFile } from "./deps.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { type FileChunk, isCut, isWholeTable, planChunks, rangeOf } from "./plan-chunks.ts";
import { readingSettingsOf, type TableSettings } from "./settings.ts";

/** A snapshot of a file is its hash. The bytes stay in the cache until the snapshot is disposed. */
export async function openFileSnapshot(
  { engine, quarantine, prepared }: FileReaderDeps,
  { borrow, settings }: TableFile,
  { tables, chunkRows, format }: SnapshotRequest,
  limit: Limit,
): Promise<Snapshot> {
  await using stack = new AsyncDisposableStack();
  const blob = stack.use(await borrow(limit));
  const file = stack.use(
    await withEngineFailures(fileNamed(blob), () =>
      prepared.borrow(blob, readingSettingsOf(settings), limit),
    ),
  );
  const { preparation } = file;
  const name = tableNameOf(blob, settings);
  const found = preparation.columns.map((column) => ({
    name: column.name,
    dataType: column.dataType,
    nullable: column.nullable,
  }));
  const footer = preparation.written ? await footerOf(file) : undefined;
  const plans = tables.map((table) => {
    const { planned, columns } = planColumns(table, { schemaName: "", name, columns: found });
    const wanted = { isWhole: isWholeTable(preparation, planned), format };
    const chunks = planChunks(preparation, footer, chunkRows, wanted);
    const statistics = createCutStatistics(engine, file, { fileName: blob.name, cuts: chunks.filter(isCut) });
    return { planned, columns, chunks, statistics };
  });
  const owned = stack.move();
  return {
    name: snapshotName(blob.sha256, settings),
    repeatable: true,
    time: new Date(),
    tables: plans.map(({ planned }) => ({ columns: planned, rowSecurity: undefined })),
    chunks: plans.flatMap(({ chunks }, tableIndex) =>
      chunks.map((chunk) => ({
        tableIndex,
        range: rangeOf(chunk),
        rowCountExpected: chunk.rows.to - chunk.rows.from,
      })),
    ),
    lost: new AbortController().signal,
    async *extract({ tableIndex, range }: ChunkName, chunkLimit): AsyncGenerator<Uint8Array, Extraction> {
      const plan = plans[tableIndex];
      const chunk = plan?.chunks.find((planned) => rangeOf(planned) === range);
      if (!plan || !chunk) throw new Error(`the snapshot has no chunk ${range} of table ${tableIndex}`);
      const bytes = () =>
        footer && isCut(chunk)
          ? streamRowGroups(file, { footer, cut: chunk, statistics: plan.statistics }, chunkLimit)
          : extractRows(chunk, plan.columns, chunkLimit);
      return yield* chunksWithEngineFailures(fileNamed(blob), quarantine.watchStream({ file: blob }, bytes));
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };

  function extractRows({ rows }: FileChunk, columns: readonly ExtractColumn[], chunkLimit: Limit) {
    const isAll = rows.from === 0 && rows.to === preparation.rowCount;
    const { path, reading } = file;
    const { rowBytes } = preparation;
    const task = { fileName: blob.name, reading, rows: isAll ? undefined : rows, rowBytes, columns, format };
    return extract(engine, { path }, task, chunkLimit);
  }
}

/** The settings are part of the name: they decide which rows the file has. */
function snapshotName(sha256: string, settings: TableSettings): string {
  const reading = readingSettingsOf(settings);
  if (Object.keys(reading).length === 0) return `sha256:${sha256}`;
  const hash = createHash("sha256").update(JSON.stringify(reading)).digest("hex");
  return `sha256:${sha256}, read as ${hash.slice(0, 16)}`;
}

async function footerOf({ path }: PreparedFile): Promise<ParquetFooter | undefined> {
  await using file = await open(path);
  const { size } = await stat(path);
  return await readFooter(file, size);
}

type FoundTable = Pick<SnapshotTable, "schemaName" | "name"> & {
  readonly columns: readonly DiscoveredColumn[];
};

function planColumns(
  { schemaName, name, columns, wanted }: SnapshotTable,
  found: FoundTable,
): { planned: PlannedColumn[]; columns: ExtractColumn[] } {
  const same = schemaName === found.schemaName && name === found.name;
  if (!same || !isDeepStrictEqual(columns, found.columns)) throw tableChanged(name);
  const written = columns
    .filter((column) => wanted.includes(column.name))
    .sort((left, right) => wanted.indexOf(left.name) - wanted.indexOf(right.name))
    .map((column) => ({ column, ...toParquet(column) }));
  return {
    planned: written.map(({ column, dataType }) => ({
      ...column,
      sourceName: column.name,
      sourceType: column.dataType,
      dataType,
    })),
    columns: written.map(({ column, expression }) => ({ name: column.name, expression })),
  };
}
