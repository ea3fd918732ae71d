import type { DuckDBConnection } from "@duckdb/node-api";
import { readRows } from "../../database/sandbox.ts";
import type { FileProblem } from "../../preparation.ts";
import type { ColumnOverride } from "./column-override.ts";

/** A relation with all columns as text, for checking overrides. */
export type OverrideTarget = {
  readonly names: readonly string[];
  /** SQL of the table function, and of a column in it. */
  readonly relation: string;
  readonly columnSql: (column: number) => string;
  /** Line of the file for a row, from 0; undefined if rows are not lines. */
  readonly lineOfRow: ((row: number) => number) | undefined;
};

const examplesMax = 3;
const exampleCharactersMax = 60;

/** Finds values that the column types of the settings can't keep. `overrides` are keyed by column index. */
export async function findMisfits(
  connection: DuckDBConnection,
  target: OverrideTarget,
  overrides: ReadonlyMap<number, ColumnOverride>,
): Promise<FileProblem[]> {
  const problems: FileProblem[] = [];
  for (const [column, override] of overrides) {
    problems.push(...(await findMisfitsOf(connection, target, column, override)));
  }
  return problems;
}

async function findMisfitsOf(
  connection: DuckDBConnection,
  { names, relation, columnSql, lineOfRow }: OverrideTarget,
  column: number,
  { dataType, fits }: ColumnOverride,
): Promise<FileProblem[]> {
  const text = columnSql(column);
  const misfits = `${text} IS NOT NULL AND NOT coalesce(${fits(text)}, false)`;
  const [counted] = await readRows(
    connection,
    `SELECT count(*) AS misfits FROM ${relation} WHERE ${misfits}`,
  );
  const count = Number(counted?.misfits);
  if (count === 0) return [];
  const found = await readRows(
    connection,
    // Only these three columns leave the inner query: with all of them, one of the file's could be named like ours.
    `SELECT row_index, text FROM (SELECT row_number() OVER () - 1 AS row_index, ${text} AS text, ` +
      `${misfits} AS misfit FROM ${relation}) WHERE misfit ORDER BY row_index LIMIT ${examplesMax}`,
  );
  const sum = count === 1 ? "1 value is" : `${count.toLocaleString("en")} values are`;
  return found.map(({ row_index: index, text: value }) => {
    const row = Number(index);
    const shown = JSON.stringify(String(value).slice(0, exampleCharactersMax));
    const where = lineOfRow ? "" : ` (row ${row + 1})`;
    return {
      line: lineOfRow?.(row),
      column: names[column],
      message: `${sum} no ${dataType}, as ${shown}${where}`,
    };
  });
}
