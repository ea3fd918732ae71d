import { open } from "node:fs/promises";
import type { ChunkName, DataSource, PlannedColumn, Snapshot } from "../connectors/connector.ts";
import { diskFull, sourceDataInvalid, tableChanged, transferTooLarge } from "../errors.ts";
import type { ResultFiles } from "../results/result-files.ts";
import type { Limit } from "../timing/limit.ts";
import { formatReference } from "./match-tables.ts";
import { type PlannedTable, toSnapshotTable } from "./plan-catalog-statement.ts";

/** Limits of what one statement moves from its sources. */
type TransferLimits = { readonly bytesMax: number; readonly rowsMax: number };

/** The paths of a table's files. */
type MovedTable = { readonly table: PlannedTable; readonly paths: readonly string[] };

export type MoveDeps = {
  readonly resultFiles: ResultFiles;
  readonly transferLimits: TransferLimits;
};

type Owner = { readonly orgId: string; readonly userId: string };

/** Rows that one engine process writes to one file, about. */
const chunkRows = 2_000_000;
/** Chunks that are read at a time, of all sources together. Each keeps an engine process busy. */
const concurrency = 2;

/** Moves the wanted rows of tables to files, of one snapshot per source. The files stay until the result is disposed. */
export async function moveRows(
  deps: MoveDeps,
  owner: Owner,
  tables: readonly PlannedTable[],
  limit: Limit,
): Promise<AsyncDisposable & { readonly moved: readonly MovedTable[]; readonly signal: AbortSignal }> {
  await using stack = new AsyncDisposableStack();
  const stop = new AbortController();
  const signal = AbortSignal.any([limit.signal, stop.signal]);
  const paths = new Map<PlannedTable, string[]>(tables.map((table) => [table, []]));
  {
    await using snapshots = new AsyncDisposableStack();
    const groups = [...Map.groupBy(tables, ({ dataSource }) => dataSource)];
    const opened = await openSnapshots(groups, snapshots, limit);
    const total = createTotal(deps.transferLimits);
    const tasks = interleave(opened.map(({ chunks }) => chunks)).map(({ table, extract }) => async () => {
      const file = stack.use(await deps.resultFiles.create(owner));
      file.exceeded.addEventListener("abort", () => stop.abort(file.exceeded.reason), { once: true });
      paths.get(table)?.push(file.path);
      await writeChunk(file.path, extract({ ...limit, signal }), (bytes, rows) =>
        total.add(table, bytes, rows),
      );
    });
    await runAll(tasks, stop);
  }
  limit.signal.throwIfAborted();
  const owned = stack.move();
  return {
    moved: tables.map((table) => ({ table, paths: paths.get(table) ?? [] })),
    signal,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Chunk = {
  readonly table: PlannedTable;
  extract(limit: Limit): ReturnType<Snapshot["extract"]>;
};

type OpenSnapshot = AsyncDisposable & { readonly chunks: readonly Chunk[] };

/**
 * Opens a snapshot of each source, which the stack owns. The first failure stops the others, and is thrown when all have ended:
 * one that opens nevertheless is disposed, too.
 */
async function openSnapshots(
  groups: readonly (readonly [DataSource, readonly PlannedTable[]])[],
  stack: AsyncDisposableStack,
  limit: Limit,
): Promise<OpenSnapshot[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([limit.signal, stop.signal]);
  const opening = groups.map(async ([dataSource, group]) => {
    try {
      return await openSnapshot(dataSource, group, { ...limit, signal });
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  const results = await Promise.allSettled(opening);
  const opened = results.flatMap((result) => (result.status === "fulfilled" ? stack.use(result.value) : []));
  stop.signal.throwIfAborted();
  return opened;
}

async function openSnapshot(
  dataSource: DataSource,
  tables: readonly PlannedTable[],
  limit: Limit,
): Promise<OpenSnapshot> {
  const request = {
    tables: tables.map(({ table, read }) => toSnapshotTable({ ...table, ...read })),
    chunkRows,
    format: "parquet" as const,
  };
  const snapshot = await dataSource.openSnapshot(request, limit);
  try {
    for (const [index, table] of tables.entries()) checkColumns(table, snapshot.tables[index]?.columns);
    const chunks = snapshot.chunks.flatMap(({ tableIndex, range }) => {
      const table = tables[tableIndex];
      const name: ChunkName = { tableIndex, range };
      return table ? [{ table, extract: (chunkLimit: Limit) => snapshot.extract(name, chunkLimit) }] : [];
    });
    return { chunks, [Symbol.asyncDispose]: () => snapshot[Symbol.asyncDispose]() };
  } catch (error) {
    await snapshot[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The statement was planned with these names and types: those that are written, or those of the source where it describes none.
 * FailedPrecondition (SOURCE_CHANGED, SOURCE_DATA_INVALID).
 */
function checkColumns(
  { reference, columns, read, dataSource }: PlannedTable,
  found: Snapshot["tables"][number]["columns"] = [],
): void {
  const types = new Map(columns.map(({ name, dataType }) => [name, dataType]));
  const typeOf = ({ dataType, sourceType }: PlannedColumn) =>
    dataSource.describeTables ? dataType : sourceType;
  const isSame =
    found.length === read.wanted.length &&
    found.every(
      (column, index) =>
        column.sourceName === read.wanted[index] && types.get(column.sourceName) === typeOf(column),
    );
  if (!isSame) throw tableChanged(formatReference(reference));
  const lost = dataSource.describeTables ? undefined : found.find((column) => !isRestored(column));
  if (lost) throw notReadable(formatReference(reference), lost);
}

/** Types whose texts are cast to the same values again. */
const restoredTypes = /^(VARCHAR|U?HUGEINT|BIGNUM|BIT|JSON|TIME_NS|TIME WITH TIME ZONE|ENUM\(.*\))$/s;

/** Whether a cast of what is written to the type of the source makes the same value. */
const isRestored = ({ dataType, sourceType }: PlannedColumn): boolean =>
  dataType !== "VARCHAR" || restoredTypes.test(sourceType);

const notReadable = (table: string, { sourceName, sourceType }: PlannedColumn) =>
  sourceDataInvalid(
    `the column ${JSON.stringify(sourceName)} of ${table} has the type ${sourceType}, which is moved as text alone: ` +
      "leave it out, or query its source alone, by its source_id",
  );

/** Takes one of each list in turn, so that all sources are busy. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}

/** Runs tasks, a few at a time. The first failure stops the others and is thrown. */
async function runAll(tasks: readonly (() => Promise<void>)[], stop: AbortController): Promise<void> {
  const queue = [...tasks];
  const work = async () => {
    for (let task = queue.shift(); task && !stop.signal.aborted; task = queue.shift()) {
      await task().catch((error: unknown) => stop.abort(error));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  stop.signal.throwIfAborted();
}

function createTotal({ bytesMax, rowsMax }: TransferLimits) {
  let bytes = 0;
  let rows = 0;
  return {
    add({ reference }: PlannedTable, moreBytes: number, moreRows: number): void {
      bytes += moreBytes;
      rows += moreRows;
      const name = formatReference(reference);
      if (bytes > bytesMax) throw transferTooLarge(name, `${bytesMax / 1024 ** 2} MiB`);
      if (rows > rowsMax) throw transferTooLarge(name, `${rowsMax} rows`);
    },
  };
}

async function writeChunk(
  path: string,
  chunk: ReturnType<Snapshot["extract"]>,
  count: (bytes: number, rows: number) => void,
): Promise<void> {
  await using file = await open(path, "r+");
  try {
    for (;;) {
      const { done, value } = await chunk.next();
      if (done) return count(0, value.rowCount);
      count(value.byteLength, 0);
      await file.appendFile(value);
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : error;
  } finally {
    await chunk.return(undefined as never);
  }
}
