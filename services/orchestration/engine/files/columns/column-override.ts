import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { literal } from "../../sql-text.ts";

/** A column type from `settings.columnTypes`, over the text of the values. */
export type ColumnOverride = {
  readonly dataType: string;
  /** SQL for whether the type keeps a text exactly. */
  readonly fits: (text: string) => string;
  /** SQL for the value of a fitting text. */
  readonly value: (text: string) => string;
};

const integers = /^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT)$/;
const aliases: Readonly<Record<string, string>> = {
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

/** Parses a type name. `column` is for error messages. */
export function readOverride(column: string, typeName: string, settings: ReadingSettings): ColumnOverride {
  const upper = typeName.trim().toUpperCase().replace(/\s+/g, " ");
  const dataType = aliases[upper] ?? upper;
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

/** Texts that match a pattern and that DuckDB can cast. */
function matching(dataType: string, pattern: string): ColumnOverride {
  return {
    dataType,
    fits: (text) =>
      `(regexp_full_match(${text}, ${literal(pattern)}) AND TRY_CAST(${text} AS ${dataType}) IS NOT NULL)`,
    value: (text) => `CAST(${text} AS ${dataType})`,
  };
}

/** Numbers whose digits equal those of the nearest value of the type. */
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

/** SQL for whether a type keeps all of a timestamp. */
const keepsAll: Readonly<Record<string, (timestamp: string) => string>> = {
  DATE: (timestamp) => `CAST(CAST(${timestamp} AS DATE) AS TIMESTAMP) = ${timestamp}`,
  // strptime uses 1900-01-01 if a format has no date.
  TIME: (timestamp) => `DATE '1900-01-01' + CAST(${timestamp} AS TIME) = ${timestamp}`,
};

export function byFormat(dataType: string, format: string | undefined): ColumnOverride | undefined {
  if (format === undefined) return undefined;
  const isZoned = /%[zZ]/.test(format);
  const isNanoseconds = format.includes("%n");
  const exact = dataType === "TIMESTAMP" ? timestampType(isZoned, isNanoseconds) : dataType;
  // DuckDB has no exact type for times with a zone or for nanoseconds with a zone.
  const isLost = isZoned && (isNanoseconds || dataType === "TIME");
  return {
    dataType: exact,
    fits: (text) => {
      if (isLost) return "false";
      const timestamp = `try_strptime(${text}, ${literal(format)})`;
      const isAll = keepsAll[exact]?.(timestamp) ?? "true";
      return `(${timestamp} IS NOT NULL AND ${isAll})`;
    },
    value: (text) => `CAST(strptime(${text}, ${literal(format)}) AS ${exact})`,
  };
}

function timestampType(isZoned: boolean, isNanoseconds: boolean): string {
  if (isZoned) return "TIMESTAMP WITH TIME ZONE";
  return isNanoseconds ? "TIMESTAMP_NS" : "TIMESTAMP";
}
