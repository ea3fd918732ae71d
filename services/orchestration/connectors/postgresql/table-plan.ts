import { uniqueNames } from "../../../lib/unique-names.ts";
import type { CopyReading, ExtractColumn } from "../../engine/protocol.ts";
import { identifier } from "../../engine/sql-text.ts";
import { tableChanged } from "../../errors.ts";
import type { PlannedChunk, PlannedColumn, SnapshotTable } from "../connector.ts";
import { toRowsFailure } from "./failures.ts";
import { type Layout, readLayout } from "./layout.ts";
import { passageOf } from "./parquet-type.ts";
import type { Ask } from "./session.ts";

/** How a table is read and written. */
export type TablePlan = {
  readonly planned: readonly PlannedColumn[];
  readonly chunks: readonly PlannedChunk[];
  readonly reading: CopyReading;
  readonly columns: readonly ExtractColumn[];
  /** Selects all rows. */
  readonly select: string;
};

/** Pieces of one table, at the most. */
const chunksMax = 10_000;

/** Plans a table in the session that holds the snapshot, and keeps others from altering it as long as the session. */
export async function planTable(
  ask: Ask,
  table: SnapshotTable,
  tableIndex: number,
  chunkRows: number,
): Promise<TablePlan> {
  const target = `${identifier(table.schemaName)}.${identifier(table.name)}`;
  const rowCount = await lockAndEstimate(ask, table, target);
  const layout = await readLayout(ask, table);
  if (layout.isRewritten) throw tableChanged(`${table.schemaName}.${table.name}`);
  const names = uniqueNames(table.wanted);
  const columns = table.wanted.map((name, index) => {
    const type = layout.columns.get(name);
    const column = table.columns.find((known) => known.name === name);
    if (!type || !column) throw tableChanged(`${table.schemaName}.${table.name}`);
    return { column, passage: passageOf(type), name: names[index] ?? name };
  });
  const list = columns.map(({ column, passage }) => passage.source(identifier(column.name))).join(", ");
  return {
    planned: columns.map(({ column, passage, name }) => ({
      name,
      sourceName: column.name,
      sourceType: column.dataType,
      dataType: passage.dataType,
      nullable: column.nullable,
    })),
    chunks: planChunks(tableIndex, rowCount, chunkRows, layout),
    reading: {
      format: "copy",
      columns: columns.map(({ name, passage }) => ({ name, dataType: passage.read })),
    },
    columns: columns.map(({ name, passage }) => ({ name, expression: passage.write(identifier(name)) })),
    select: `select ${list} from ${target}`,
  };
}

/** The COPY of one chunk. */
export const copyStatement = ({ select }: TablePlan, range: string): string =>
  `copy (${select}${whereOf(range)}) to stdout (format csv, null '\\N', encoding 'UTF8')`;

/** Planning a statement locks the table and its parts, and fails when a column is not there; answers about how many rows. */
async function lockAndEstimate(ask: Ask, table: SnapshotTable, target: string): Promise<number> {
  const list = table.wanted.map(identifier).join(", ");
  try {
    const [row] = await ask(`explain (format json) select ${list} from ${target}`);
    const [plan] = (row?.["QUERY PLAN"] ?? []) as { Plan: { "Plan Rows": number } }[];
    return plan?.Plan["Plan Rows"] ?? 0;
  } catch (error) {
    throw toRowsFailure(error, `${table.schemaName}.${table.name}`);
  }
}

function planChunks(
  tableIndex: number,
  rowCount: number,
  chunkRows: number,
  { pages }: Layout,
): PlannedChunk[] {
  const wanted = Math.min(chunksMax, Math.max(1, Math.ceil(rowCount / chunkRows)));
  if (pages === undefined || pages === 0 || wanted === 1) {
    return [{ tableIndex, range: wholeTable, rowCountExpected: pages === 0 ? 0 : rowCount }];
  }
  const pagesOfChunk = Math.ceil(pages / wanted);
  const count = Math.ceil(pages / pagesOfChunk);
  return Array.from({ length: count }, (_, index) => {
    const from = index * pagesOfChunk;
    const to = Math.min(from + pagesOfChunk, pages);
    // The last one has no end: a table that grows meanwhile has nothing behind it that the snapshot sees.
    return {
      tableIndex,
      range: index === count - 1 ? `pages ${from}-` : `pages ${from}-${to}`,
      rowCountExpected: Math.round((rowCount * (to - from)) / pages),
    };
  });
}

const wholeTable = "all";

function whereOf(range: string): string {
  if (range === wholeTable) return "";
  const [from, to] = range.replace("pages ", "").split("-");
  return ` where ctid >= '(${from},0)'${to ? ` and ctid < '(${to},0)'` : ""}`;
}
