import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { literal } from "../../sql-text.ts";

/** A type that the owner of a file wants for a column, over the text of its values. */
export type ColumnOverride = {
  readonly dataType: string;
  /** SQL that is true for texts which the type keeps. */
  readonly fits: (text: string) => string;
  /** SQL for the value of a text that fits. */
  readonly value: (text: string) => string;
};

const integers = /^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT)$/;
const synonyms: Readonly<Record<string, string>> = {
  INT: "INTEGER",
  TEXT: "VARCHAR",
  STRING: "VARCHAR",
  BOOL: "BOOLEAN",
  REAL: "FLOAT",
  TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
  DATETIME: "TIMESTAMP",
};

const isoDate = "\\d{4}-\\d{2}-\\d{2}";
const time = (digits: number) => `([01]\\d|2[0-3]):\\d{2}(:\\d{2}(\\.\\d{1,${digits}}0*)?)?`;
const number = "[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?|[+-]?(inf|infinity)|nan";

/** Reads the name of a type; `column` is for the message of one that is none, or that no file keeps exactly. */
export function readOverride(column: string, typeName: string, settings: ReadingSettings): ColumnOverride {
  const upper = typeName.trim().toUpperCase().replace(/\s+/g, " ");
  const dataType = synonyms[upper] ?? upper;
  const decimal = /^DECIMAL ?\( ?(\d{1,2}) ?, ?(\d{1,2}) ?\)$/.exec(dataType);
  if (decimal) return decimalOverride(Number(decimal[1]), Number(decimal[2]), column, typeName);
  if (integers.test(dataType)) return matching(dataType, "[+-]?\\d+(\\.0*)?");
  switch (dataType) {
    case "VARCHAR":
      return { dataType, fits: () => "true", value: (text) => text };
    case "DOUBLE":
    case "FLOAT":
      return keepingDigits(dataType);
    case "BOOLEAN":
      return matching(dataType, "(?i:true|false|t|f|yes|no|y|n|1|0)");
    case "UUID":
      return matching(dataType, "(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})");
    case "DATE":
      return byFormat(dataType, settings.dateFormat) ?? matching(dataType, isoDate);
    case "TIME":
      return byFormat(dataType, settings.timeFormat) ?? matching(dataType, time(6));
    case "TIMESTAMP":
      return (
        byFormat(dataType, settings.timestampFormat) ?? matching(dataType, `${isoDate}([T ]${time(6)})?`)
      );
    case "TIMESTAMP_NS":
      return matching(dataType, `${isoDate}[T ]${time(9)}`);
    case "TIMESTAMP WITH TIME ZONE":
      return (
        byFormat(dataType, settings.timestampFormat) ??
        matching(dataType, `${isoDate}[T ]${time(6)}(Z|[+-]\\d{2}(:?\\d{2})?)`)
      );
    default:
      throw unknownType(column, typeName);
  }
}

const unknownType = (column: string, typeName: string): EngineFailure =>
  new EngineFailure(
    "sourceDataInvalid",
    `settings.columnTypes wants ${JSON.stringify(typeName)} for ${JSON.stringify(column)}: a column is VARCHAR, BOOLEAN, ` +
      "TINYINT to BIGINT, UTINYINT to UBIGINT, DECIMAL(18,2), FLOAT, DOUBLE, DATE, TIME, TIMESTAMP, TIMESTAMP_NS, " +
      "TIMESTAMP WITH TIME ZONE or UUID",
  );

function decimalOverride(precision: number, scale: number, column: string, typeName: string): ColumnOverride {
  if (precision < 1 || precision > 38 || scale > precision) throw unknownType(column, typeName);
  const fraction = scale > 0 ? `\\d{1,${scale}}0*` : "0+";
  return matching(`DECIMAL(${precision},${scale})`, `[+-]?(\\d+\\.?|\\d*\\.${fraction})`);
}

/** Texts of a pattern that DuckDB's cast takes as well. */
function matching(dataType: string, pattern: string): ColumnOverride {
  return {
    dataType,
    fits: (text) =>
      `(regexp_full_match(${text}, ${literal(pattern)}) AND TRY_CAST(${text} AS ${dataType}) IS NOT NULL)`,
    value: (text) => `CAST(${text} AS ${dataType})`,
  };
}

/** Numbers whose digits are those that the nearest one of the type is written with. */
function keepingDigits(dataType: string): ColumnOverride {
  const { fits, value } = matching(dataType, `(?i:${number})`);
  const nearest = (text: string) => `CAST(TRY_CAST(${text} AS ${dataType}) AS VARCHAR)`;
  return {
    dataType,
    fits: (text) => `(${fits(text)} AND ${digitsOf(text)} = ${digitsOf(nearest(text))})`,
    value,
  };
}

const digitsOf = (text: string): string =>
  `trim(regexp_replace(regexp_replace(${text}, '[eE].*$', ''), '[^0-9]', '', 'g'), '0')`;

/** What is left of a moment in a type, as SQL over the moment: all of it has to be left. */
const kept: Readonly<Record<string, (moment: string) => string>> = {
  DATE: (moment) => `CAST(CAST(${moment} AS DATE) AS TIMESTAMP) = ${moment}`,
  // A format without a date is read as one of this day.
  TIME: (moment) => `DATE '1900-01-01' + CAST(${moment} AS TIME) = ${moment}`,
};

export function byFormat(dataType: string, format: string | undefined): ColumnOverride | undefined {
  if (format === undefined) return undefined;
  const isZoned = /%[zZ]/.test(format);
  const isNanoseconds = format.includes("%n");
  const exact = dataType === "TIMESTAMP" ? momentType(isZoned, isNanoseconds) : dataType;
  // There is no type for a time with a zone, nor for nanoseconds with one.
  const isLost = isZoned && (isNanoseconds || dataType === "TIME");
  return {
    dataType: exact,
    fits: (text) => {
      if (isLost) return "false";
      const moment = `try_strptime(${text}, ${literal(format)})`;
      const isAll = kept[exact]?.(moment) ?? "true";
      return `(${moment} IS NOT NULL AND ${isAll})`;
    },
    value: (text) => `CAST(strptime(${text}, ${literal(format)}) AS ${exact})`,
  };
}

function momentType(isZoned: boolean, isNanoseconds: boolean): string {
  if (isZoned) return "TIMESTAMP WITH TIME ZONE";
  return isNanoseconds ? "TIMESTAMP_NS" : "TIMESTAMP";
}
