import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { BlobCache, BorrowedBlob } from "../../blobs/blob-cache.ts";
import type { Quarantine } from "../../crashes/quarantine.ts";
import type { Engine } from "../../engine/engine.ts";
import { extract } from "../../engine/extract.ts";
import type { ExtractColumn, Extraction, Inspection, RowRange } from "../../engine/protocol.ts";
import { tableChanged } from "../../errors.ts";
import type {
  ChunkName,
  Limit,
  PlannedChunk,
  PlannedColumn,
  Snapshot,
  SnapshotRequest,
  SnapshotTable,
} from "../connector.ts";
import { piecesWithEngineFailures, withEngineFailures } from "../engine-failures.ts";
import { fileNamed, tableNameOf } from "./names.ts";
import { toParquet } from "./parquet-type.ts";
import type { FileSettings } from "./settings.ts";

/**
 * Smallest piece of a file that is worth a chunk of its own, in bytes. What is not Parquet is read from its beginning
 * for every chunk: two chunks read one and a half times the file, four read two and a half.
 */
const chunkBytesMin = 256 * 1024 * 1024;

type FileSnapshotDeps = {
  readonly blobs: BlobCache;
  readonly engine: Engine;
  readonly quarantine: Quarantine;
  readonly settings: FileSettings;
  readonly inspect: (blob: BorrowedBlob, settings: FileSettings, limit: Limit) => Promise<Inspection>;
};

/** A file by its hash: its bytes stay here until the snapshot is disposed. */
export async function openFileSnapshot(
  { blobs, engine, quarantine, settings, inspect }: FileSnapshotDeps,
  { tables, chunkRows, format }: SnapshotRequest,
  limit: Limit,
): Promise<Snapshot> {
  await using stack = new AsyncDisposableStack();
  const blob = stack.use(await blobs.borrow(settings.fileId, limit.signal));
  const inspection = await withEngineFailures(fileNamed(blob), () => inspect(blob, settings, limit));
  const name = tableNameOf(blob, settings);
  const plans = tables.map((table) => planColumns(table, { schemaName: "", name, ...inspection }));
  const { size: sizeBytes } = await stat(blob.path);
  const rowsOfChunk = chunkRowsOf(inspection, sizeBytes, chunkRows);
  const rowBytes = rowBytesOf(inspection, sizeBytes);
  const owned = stack.move();
  return {
    name: `sha256:${blob.sha256}`,
    repeatable: true,
    time: new Date(),
    tables: plans.map(({ planned }) => ({ columns: planned, rowSecurity: undefined })),
    chunks: tables.flatMap((_, index) => planChunks(index, inspection.rowCount, rowsOfChunk)),
    lost: new AbortController().signal,
    async *extract({ tableIndex, range }: ChunkName, chunkLimit): AsyncGenerator<Uint8Array, Extraction> {
      const { reading, rowCount } = inspection;
      const columns = plans[tableIndex]?.columns ?? [];
      const wanted = parseRange(range);
      const rows = wanted.from === 0 && wanted.to >= rowCount ? undefined : wanted;
      const task = { fileName: blob.name, reading, rows, rowBytes, columns, format };
      return yield* piecesWithEngineFailures(
        fileNamed(blob),
        quarantine.watchPieces({ file: blob }, () => extract(engine, { path: blob.path }, task, chunkLimit)),
      );
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

type FoundTable = Pick<SnapshotTable, "schemaName" | "name" | "columns">;

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

function chunkRowsOf(
  { reading, rowCount, columns }: Inspection,
  sizeBytes: number,
  chunkRows: number,
): number {
  // By this name DuckDB says which row is which.
  if (columns.some(({ name }) => name.toLowerCase() === "file_row_number")) return Math.max(1, rowCount);
  if (reading.format === "parquet") return chunkRows;
  const chunks = Math.max(1, Math.floor(sizeBytes / chunkBytesMin));
  return Math.max(chunkRows, Math.ceil(rowCount / chunks));
}

/** How much smaller than in memory a Parquet file may be. */
const parquetShrinking = 8;

const rowBytesOf = ({ reading, rowCount }: Inspection, sizeBytes: number): number =>
  (sizeBytes / Math.max(1, rowCount)) * (reading.format === "parquet" ? parquetShrinking : 1);

function planChunks(tableIndex: number, rowCount: number, chunkRows: number): PlannedChunk[] {
  const count = Math.max(1, Math.ceil(rowCount / chunkRows));
  return Array.from({ length: count }, (_, index) => {
    const from = index * chunkRows;
    const to = Math.min(from + chunkRows, rowCount);
    return { tableIndex, range: `rows ${from}-${to}`, rowCountExpected: to - from };
  });
}

function parseRange(range: string): RowRange {
  const [from = 0, to = 0] = range.replace("rows ", "").split("-").map(Number);
  return { from, to };
}
