import { uniqueNames } from "../../../lib/values/unique-names.ts";
import type { CopyReading, ExtractColumn, ExtractFormat } from "../../engine/protocol.ts";
import { identifier } from "../../engine/sql-text.ts";
import { tableChanged } from "../../errors.ts";
import type { PlannedChunk, PlannedColumn, RowSecurity, SnapshotTable } from "../connector.ts";
import { checkAnswer, explainAnswer } from "./answers.ts";
import { toRowsFailure } from "./failures.ts";
import { readLayout } from "./layout.ts";
import { passageOf } from "./parquet-type.ts";
import { readRowSecurity } from "./row-security.ts";
import { quoteFirst, selectList } from "./select-list.ts";
import type { Ask } from "./session.ts";

/** The range of a table that is read at once. */
export const wholeTable = "all";

/** How a table is read and written. */
export type TablePlan = {
  readonly planned: readonly PlannedColumn[];
  readonly chunks: readonly PlannedChunk[];
  readonly reading: CopyReading;
  readonly columns: readonly ExtractColumn[];
  /** Selects all rows. */
  readonly select: string;
  readonly rowSecurity: RowSecurity;
};

/** A table's plan before it is cut into chunks, and what says how. */
export type TableExtent = {
  readonly plan: Omit<TablePlan, "chunks">;
  /** About how many. */
  readonly rowCount: number;
  readonly pages: number | undefined;
};

/** Plans a table in the session that holds the snapshot, and keeps others from altering it as long as the session. */
export async function planTable(ask: Ask, table: SnapshotTable, format: ExtractFormat): Promise<TableExtent> {
  // A CSV is written by DuckDB, which reads no other rows through a pipe.
  const encoding = format === "parquet" ? ("binary" as const) : ("csv" as const);
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
  const list = selectList(columns.map(({ column, passage }) => passage[encoding](identifier(column.name))));
  const plan = {
    planned: columns.map(({ column, passage, name }) => ({
      name,
      sourceName: column.name,
      sourceType: column.dataType,
      dataType: passage.dataType,
      nullable: column.nullable,
    })),
    reading: {
      format: "copy" as const,
      encoding,
      columns: columns.map(({ name, passage }) => ({ name, dataType: passage.read[encoding] })),
    },
    columns: columns.map(({ name, passage }) => ({ name, expression: passage.write(identifier(name)) })),
    select: `select ${list} from ${target}`,
    rowSecurity: await readRowSecurity(ask, table),
  };
  return { plan, rowCount, pages: layout.pages };
}

/** The COPY of one chunk. */
export const copyStatement = ({ select, reading }: TablePlan, range: string): string =>
  `copy (${select}${whereOf(range)}) to stdout (${copyOptions[reading.encoding]}, encoding 'UTF8')`;

const copyOptions = { csv: `format csv, null '\\N', ${quoteFirst}`, binary: "format binary" } as const;

/** Planning a statement locks the table and its parts, and fails when a column is not there; answers about how many rows. */
async function lockAndEstimate(ask: Ask, table: SnapshotTable, target: string): Promise<number> {
  const list = table.wanted.map(identifier).join(", ");
  try {
    const [row] = await ask(`explain (format json) select ${list} from ${target}`);
    const [{ Plan: plan }] = checkAnswer(
      explainAnswer,
      row,
      `plan of the table ${table.schemaName}.${table.name}`,
    )["QUERY PLAN"];
    return plan["Plan Rows"];
  } catch (error) {
    throw toRowsFailure(error, `${table.schemaName}.${table.name}`);
  }
}

function whereOf(range: string): string {
  if (range === wholeTable) return "";
  const [from, to] = range.replace("pages ", "").split("-");
  return ` where ctid >= '(${from},0)'${to ? ` and ctid < '(${to},0)'` : ""}`;
}
