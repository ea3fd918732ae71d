import { isDeepStrictEqual } from "node:util";
import type { DescribedTable } from "../../engine/described-table.ts";
import { extract } from "../../engine/extract.ts";
import type { ExtractColumn, Extraction, TableReading } from "../../engine/protocol.ts";
import { sourceDataInvalid, tableChanged } from "../../errors.ts";
import type { Limit } from "../../timing/limit.ts";
import type { PlannedColumn, Snapshot, SnapshotRequest, SnapshotTable } from "../connector.ts";
import type { FileLocation } from "../database-file/settings.ts";
import { chunksWithEngineFailures } from "../engine-failures.ts";
import { borrowDuckdb, type DuckdbDeps, databaseNamed } from "./borrow.ts";
import { planChunks } from "./plan-chunks.ts";
import { readTables } from "./read-tables.ts";

/**
 * A snapshot of a database is its hash, and its bytes stay until it is disposed. It is repeatable unless a view depends on more
 * than the file.
 */
export async function openDuckdbSnapshot(
  deps: DuckdbDeps,
  location: FileLocation,
  { tables, chunkRows, format }: SnapshotRequest,
  limit: Limit,
): Promise<Snapshot> {
  await using stack = new AsyncDisposableStack();
  const file = stack.use(await borrowDuckdb(deps, location, limit.signal));
  const names = tables.map(({ schemaName, name }) => ({ schemaName, name }));
  const { tables: found } = await readTables(deps, file, names, limit);
  const plans = tables.map((table) => planTable(table, found));
  const chunks = planChunks(
    plans.map(({ described }) => described),
    chunkRows,
  );
  const owned = stack.move();
  return {
    name: `sha256:${file.sha256}`,
    repeatable: plans.every(({ described }) => described.isRepeatable),
    time: new Date(),
    tables: plans.map(({ planned }) => ({ columns: planned, rowSecurity: undefined })),
    chunks,
    lost: new AbortController().signal,
    async *extract({ tableIndex, range }, chunkLimit): AsyncGenerator<Uint8Array, Extraction> {
      const chunk = chunks.find((one) => one.tableIndex === tableIndex && one.range === range);
      const plan = plans[tableIndex];
      if (!plan || !chunk) throw new Error(`the snapshot has no chunk ${range} of table ${tableIndex}`);
      const { schemaName, name } = plan.described;
      const reading: TableReading = { format: "table", schemaName, name, rowIds: chunk.rowIds };
      const { columns } = plan;
      const task = { fileName: file.name, reading, rows: undefined, rowBytes: 0, columns, format };
      const bytes = () => extract(deps.engine, { path: file.path }, task, chunkLimit);
      return yield* chunksWithEngineFailures(
        databaseNamed(file),
        deps.quarantine.watchStream({ file }, bytes),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type PlannedTable = {
  readonly described: DescribedTable;
  readonly planned: readonly PlannedColumn[];
  readonly columns: readonly ExtractColumn[];
};

/** FailedPrecondition (SOURCE_CHANGED, SOURCE_DATA_INVALID). */
function planTable(
  { schemaName, name, columns, wanted }: SnapshotTable,
  found: readonly DescribedTable[],
): PlannedTable {
  const label = `${schemaName}.${name}`;
  const described = found.find((table) => table.schemaName === schemaName && table.name === name);
  const now = described?.columns.map(({ written, ...column }) => column);
  if (!described || !isDeepStrictEqual(now, columns)) throw tableChanged(label);
  const planned = wanted.map((wantedName) => {
    const column = described.columns.find((one) => one.name === wantedName);
    if (!column) throw tableChanged(label);
    if (!column.written) throw notWritable(label, column);
    return { ...column, written: column.written };
  });
  return {
    described,
    planned: planned.map(({ name: column, dataType, nullable, written }) => ({
      name: column,
      sourceName: column,
      sourceType: dataType,
      dataType: written.dataType,
      nullable,
    })),
    columns: planned.map(({ name: column, written }) => ({ name: column, expression: written.expression })),
  };
}

const notWritable = (table: string, { name, dataType }: { name: string; dataType: string }) =>
  sourceDataInvalid(
    `the column ${JSON.stringify(name)} of ${table} has the type ${dataType}, which no file holds: leave it out, or cast it in a statement`,
  );
