import type { DuckDBConnection } from "@duckdb/node-api";
import { readRows } from "../../database/sandbox.ts";
import type { FileProblem } from "../../preparation.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { literal } from "../../sql-text.ts";
import { byFormat, type ColumnOverride } from "./column-override.ts";
import { type ColumnType, plainNumber } from "./conversion.ts";
import { overridesOf } from "./name-table.ts";

/** What overrides are tried on: a relation of texts, and how its columns and rows are called. */
export type OverrideTarget = {
  readonly names: readonly string[];
  /** SQL of the table function with all columns as text, and of a column's name in it. */
  readonly relation: string;
  readonly placeOf: (column: number) => string;
  /** Line of the file of a row, from 0; undefined where rows are not lines. */
  readonly lineOfRow: ((row: number) => number) | undefined;
};

export type Overridden = { readonly types: readonly ColumnType[]; readonly problems: readonly FileProblem[] };

const examplesMax = 3;
const exampleCharactersMax = 60;
const number = /^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|DECIMAL)/;

/** Gives columns the types that the file's owner wants, and tells every value that would not fit. */
export async function applyOverrides(
  connection: DuckDBConnection,
  target: OverrideTarget,
  types: readonly ColumnType[],
  settings: ReadingSettings,
): Promise<Overridden> {
  const wanted = new Map(
    [...overridesOf(target.names, settings)].map(([name, override]) => [
      target.names.indexOf(name),
      withMarks(override, settings),
    ]),
  );
  const problems: FileProblem[] = [];
  for (const [column, override] of wanted) {
    problems.push(...(await findMisfits(connection, target, column, override)));
  }
  const overruled = types.map((type, column) => overridden(type, wanted.get(column)));
  const left = types.flatMap((_, column) => (wanted.has(column) ? [] : [column]));
  return { types: await applyFormats(connection, target, overruled, left, settings), problems };
}

/**
 * Gives the columns of text whose values all have a format of the settings the type of the format. So it does with those
 * that were taken for dates in another format: what is said goes before what is found.
 */
async function applyFormats(
  connection: DuckDBConnection,
  { relation, placeOf }: OverrideTarget,
  types: readonly ColumnType[],
  columns: readonly number[],
  { dateFormat, timeFormat, timestampFormat }: ReadingSettings,
): Promise<readonly ColumnType[]> {
  const formats = { DATE: dateFormat, TIME: timeFormat, TIMESTAMP: timestampFormat };
  const found = [...types];
  for (const [typeName, format] of Object.entries(formats)) {
    const override = byFormat(typeName, format);
    if (!override || format === undefined) continue;
    const doubtful = columns.filter((column) => isOpen(found[column], typeName, format));
    if (doubtful.length === 0) continue;
    const counts = doubtful.map((column) => {
      const text = placeOf(column);
      return `count(${text}) > 0 AND count(*) FILTER (${text} IS NOT NULL AND NOT coalesce(${override.fits(text)}, false)) = 0 AS fits${column}`;
    });
    const [row] = await readRows(connection, `SELECT ${counts.join(", ")} FROM ${relation}`);
    for (const column of doubtful) {
      if (row?.[`fits${column}`] !== true) continue;
      found[column] = { dataType: override.dataType, convert: override.value, form: format };
    }
  }
  return found;
}

const isoForms: Readonly<Record<string, string>> = {
  DATE: "%Y-%m-%d",
  TIME: "%H:%M:%S",
  TIMESTAMP: "%Y-%m-%d %H:%M:%S",
};

/** Whether a column may have a format: it is text, or was found to be of the type in another one. */
function isOpen(type: ColumnType | undefined, typeName: string, format: string): boolean {
  if (type?.dataType === "VARCHAR") return true;
  const isSame =
    type?.dataType === typeName || (typeName === "TIMESTAMP" && type?.dataType.startsWith(typeName));
  return isSame === true && type?.form !== format && isoForms[typeName] !== format;
}

function overridden(type: ColumnType, override: ColumnOverride | undefined): ColumnType {
  if (!override) return type;
  const { dataType, value } = override;
  return {
    dataType,
    ...(dataType !== "VARCHAR" && { convert: value }),
    form: undefined,
    note: "as settings.columnTypes says",
  };
}

/** Numbers are looked at as DuckDB writes them, where their marks stand where a number has them. */
function withMarks(override: ColumnOverride, settings: ReadingSettings): ColumnOverride {
  const plain = plainNumber(settings);
  if (!plain || !number.test(override.dataType)) return override;
  const { fits, value } = override;
  const pattern = literal(markedNumber(settings));
  return {
    ...override,
    fits: (text) => `(regexp_full_match(${text}, ${pattern}) AND ${fits(plain(text))})`,
    value: (text) => value(plain(text)),
  };
}

/** Texts without another mark than that of the fraction, or in groups of three digits. */
function markedNumber({ decimalSeparator = ".", thousandsSeparator }: ReadingSettings): string {
  const others = `${thousandsSeparator ?? ""}${decimalSeparator === "," ? "." : ""}`;
  const ungrouped = `[^${others}]*`;
  if (thousandsSeparator === undefined) return ungrouped;
  return `${ungrouped}|[+-]?\\d{1,3}([${thousandsSeparator}]\\d{3})+([${decimalSeparator}]\\d*)?`;
}

/** Values of a column that the type which its owner wants does not keep. */
export async function findMisfits(
  connection: DuckDBConnection,
  { names, relation, placeOf, lineOfRow }: OverrideTarget,
  column: number,
  { dataType, fits }: ColumnOverride,
): Promise<FileProblem[]> {
  const text = placeOf(column);
  const misfits = `${text} IS NOT NULL AND NOT coalesce(${fits(text)}, false)`;
  const [counted] = await readRows(
    connection,
    `SELECT count(*) AS misfits FROM ${relation} WHERE ${misfits}`,
  );
  const count = Number(counted?.misfits);
  if (count === 0) return [];
  const found = await readRows(
    connection,
    `SELECT place, ${text} AS text FROM (SELECT *, row_number() OVER () - 1 AS place FROM ${relation}) ` +
      `WHERE ${misfits} ORDER BY place LIMIT ${examplesMax}`,
  );
  const sum = count === 1 ? "1 value is" : `${count.toLocaleString("en")} values are`;
  return found.map(({ place, text: value }) => {
    const row = Number(place);
    const shown = JSON.stringify(String(value).slice(0, exampleCharactersMax));
    const where = lineOfRow ? "" : ` (row ${row + 1})`;
    return {
      line: lineOfRow?.(row),
      column: names[column],
      message: `${sum} no ${dataType}, as ${shown}${where}`,
    };
  });
}
