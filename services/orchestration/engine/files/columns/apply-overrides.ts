import type { DuckDBConnection } from "@duckdb/node-api";
import { readRows } from "../../database/sandbox.ts";
import type { FileProblem } from "../../preparation.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { literal } from "../../sql-text.ts";
import { byFormat, type ColumnOverride } from "./column-override.ts";
import { type ColumnType, plainNumber } from "./conversion.ts";
import { findMisfits, type OverrideTarget } from "./find-misfits.ts";
import { overridesOf } from "./name-table.ts";

export type Overridden = { readonly types: readonly ColumnType[]; readonly problems: readonly FileProblem[] };

const number = /^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|DECIMAL)/;

/** Applies the column types of the settings, and reports the values that do not fit. */
export async function applyOverrides(
  connection: DuckDBConnection,
  target: OverrideTarget,
  types: readonly ColumnType[],
  settings: ReadingSettings,
): Promise<Overridden> {
  const wanted = new Map(
    [...overridesOf(target.names, settings)].map(([name, override]) => [
      target.names.indexOf(name),
      withSeparators(override, settings),
    ]),
  );
  const problems = await findMisfits(connection, target, wanted);
  const typed = types.map((type, column) => overridden(type, wanted.get(column)));
  const rest = types.flatMap((_, column) => (wanted.has(column) ? [] : [column]));
  return { types: await applyFormats(connection, target, typed, rest, settings), problems };
}

/**
 * Applies the date and time formats of the settings to text columns whose values all match, and to columns that were detected
 * as dates in another format: settings take precedence over detection.
 */
async function applyFormats(
  connection: DuckDBConnection,
  { relation, columnSql }: OverrideTarget,
  types: readonly ColumnType[],
  columns: readonly number[],
  { dateFormat, timeFormat, timestampFormat }: ReadingSettings,
): Promise<readonly ColumnType[]> {
  const formats = { DATE: dateFormat, TIME: timeFormat, TIMESTAMP: timestampFormat };
  const found = [...types];
  for (const [typeName, format] of Object.entries(formats)) {
    const override = byFormat(typeName, format);
    if (!override || format === undefined) continue;
    const candidates = columns.filter((column) => mayHaveFormat(found[column], typeName, format));
    if (candidates.length === 0) continue;
    const counts = candidates.map((column) => {
      const text = columnSql(column);
      return `count(${text}) > 0 AND count(*) FILTER (${text} IS NOT NULL AND NOT coalesce(${override.fits(text)}, false)) = 0 AS fits${column}`;
    });
    const [row] = await readRows(connection, `SELECT ${counts.join(", ")} FROM ${relation}`);
    for (const column of candidates) {
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

/** Whether a format may apply to a column: it is text, or has the type in another notation. */
function mayHaveFormat(type: ColumnType | undefined, typeName: string, format: string): boolean {
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

/** Lets number types accept the separators of the settings, where a number may have them. */
function withSeparators(override: ColumnOverride, settings: ReadingSettings): ColumnOverride {
  const plain = plainNumber(settings);
  if (!plain || !number.test(override.dataType)) return override;
  const { fits, value } = override;
  const pattern = literal(separatedNumber(settings));
  return {
    ...override,
    fits: (text) => `(regexp_full_match(${text}, ${pattern}) AND ${fits(plain(text))})`,
    value: (text) => value(plain(text)),
  };
}

/** Texts with only the decimal separator, or with groups of three digits. */
function separatedNumber({ decimalSeparator = ".", thousandsSeparator }: ReadingSettings): string {
  const others = `${thousandsSeparator ?? ""}${decimalSeparator === "," ? "." : ""}`;
  const ungrouped = `[^${others}]*`;
  if (thousandsSeparator === undefined) return ungrouped;
  return `${ungrouped}|[+-]?\\d{1,3}([${thousandsSeparator}]\\d{3})+([${decimalSeparator}]\\d*)?`;
}
