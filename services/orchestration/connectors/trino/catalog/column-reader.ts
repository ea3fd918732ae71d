import { sourceDataInvalid } from "../../../errors.ts";
import { encodeJson } from "../../../results/encode-json.ts";
import { type EncodedValue, encodeDouble } from "../../../results/encoded-value.ts";
import type { ColumnFormat } from "../../sql/row-source.ts";
import type { Cell, TrinoColumn } from "../wire/results.ts";

/** How values of a column are read. */
export type ColumnReader = ColumnFormat & {
  /** Text that the engine reads as `read`. */
  text(cell: Cell): string;
  /** The value as the contract encodes it. */
  encode(cell: Cell): EncodedValue;
};

const itself = (column: string): string => column;
const ofType = (dataType: string): ColumnFormat => ({ read: dataType, write: itself, dataType });
const text = ofType("VARCHAR");
const bytes: ColumnFormat = { read: "VARCHAR", write: (column) => `unhex(${column})`, dataType: "BLOB" };

/** Digits of a second that Parquet's types keep. */
const microDigits = 6;
const nanoDigits = 9;

/** FailedPrecondition (SOURCE_DATA_INVALID) for a type that is not read. */
export function readerOf(column: TrinoColumn): ColumnReader {
  const { type } = column;
  const [, name = "", digits = "", zone = ""] =
    /^([a-z0-9 ]+?)(?:\((.*)\))?( with time zone)?$/.exec(type) ?? [];
  const make = Object.hasOwn(makers, name + zone) ? makers[name + zone] : undefined;
  const reader = make?.(column, digits);
  if (reader) return reader;
  throw sourceDataInvalid(
    `the column ${JSON.stringify(column.name)} has the type ${type}, which is not read: cast it, as in ` +
      "cast(x as varchar) or json_format(cast(x as json))",
  );
}

type Maker = (column: TrinoColumn, digits: string) => ColumnReader | undefined;

const integer =
  (dataType: string, bits: number): Maker =>
  (column) => {
    function read(cell: Cell): string {
      const text = matching(column, cell, /^-?\d{1,20}$/);
      if (BigInt.asIntN(bits, BigInt(text)) !== BigInt(text)) throw outside(column, text);
      return text;
    }
    return {
      ...ofType(dataType),
      text: read,
      encode: (cell) => (dataType === "BIGINT" ? read(cell) : Number(read(cell))),
    };
  };

const float =
  (dataType: string): Maker =>
  (column) => ({
    ...ofType(dataType),
    text: (cell) => numberOf(column, cell),
    encode: (cell) => encodeDouble(Number(numberOf(column, cell))),
  });

const plain =
  (format: ColumnFormat, pattern: RegExp): Maker =>
  (column) => {
    const read = (cell: Cell) => matching(column, textOf(column, cell), pattern);
    return { ...format, text: read, encode: read };
  };

const anyText = /^/;
const day = "\\d{4}-\\d{2}-\\d{2}";
const clock = "\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?";

const makers: Readonly<Record<string, Maker>> = {
  boolean: (column) => ({
    ...ofType("BOOLEAN"),
    text: (cell) => matching(column, cell, /^(?:true|false)$/),
    encode: (cell) => matching(column, cell, /^(?:true|false)$/) === "true",
  }),
  tinyint: integer("TINYINT", 8),
  smallint: integer("SMALLINT", 16),
  integer: integer("INTEGER", 32),
  bigint: integer("BIGINT", 64),
  real: float("FLOAT"),
  double: float("DOUBLE"),
  decimal: (column, digits) => plain(ofType(`DECIMAL(${digits})`), /^-?\d+(?:\.\d+)?$/)(column, digits),
  varchar: plain(text, anyText),
  char: plain(text, anyText),
  ipaddress: plain(text, anyText),
  uuid: plain(ofType("UUID"), /^[0-9a-f-]{36}$/),
  json: (column) => ({
    ...text,
    text: (cell) => textOf(column, cell),
    encode: (cell) => encodeJson(textOf(column, cell)),
  }),
  varbinary: (column) => ({
    ...bytes,
    text: (cell) => Buffer.from(base64Of(column, cell), "base64").toString("hex"),
    encode: (cell) => base64Of(column, cell),
  }),
  date: plain(ofType("DATE"), new RegExp(`^${day}$`)),
  time: (column, digits) =>
    Number(digits) <= microDigits
      ? plain(ofType("TIME"), new RegExp(`^${clock}$`))(column, digits)
      : undefined,
  timestamp(column, digits) {
    const count = Number(digits);
    if (count > nanoDigits) return undefined;
    const read = (cell: Cell) => matching(column, textOf(column, cell), new RegExp(`^${day} ${clock}$`));
    return {
      ...ofType(count <= microDigits ? "TIMESTAMP" : "TIMESTAMP_NS"),
      text: read,
      encode: (cell) => read(cell).replace(" ", "T"),
    };
  },
  "timestamp with time zone": (column, digits) => {
    if (Number(digits) > microDigits) return undefined;
    const read = (cell: Cell) => instantOf(column, textOf(column, cell));
    return {
      ...ofType("TIMESTAMP WITH TIME ZONE"),
      text: (cell) =>
        read(cell)
          .join(" ")
          .replace(/ (?=[^ ]*$)/, ""),
      encode(cell) {
        const [date, time, zone] = read(cell);
        return `${date}T${time}${zone === "+00:00" ? "Z" : zone}`;
      },
    };
  },
};

const instant = new RegExp(`^(${day}) (${clock}) (UTC|[+-]\\d{2}:\\d{2})$`);

/** Date, time and offset. The zone of a region says which of two equal local times is meant only together with its rules. */
function instantOf(column: TrinoColumn, value: string): [date: string, time: string, zone: string] {
  const [, date, time, zone] = instant.exec(value) ?? [];
  if (date !== undefined && time !== undefined && zone !== undefined) {
    return [date, time, zone === "UTC" ? "+00:00" : zone];
  }
  throw invalid(column, `the time ${JSON.stringify(value.slice(0, 100))}: select at_timezone(x, 'UTC')`);
}

function numberOf(column: TrinoColumn, cell: Cell): string {
  if (/^[-0-9]/.test(cell)) {
    if (!Number.isFinite(Number(cell))) throw outside(column, cell);
    return cell;
  }
  return matching(column, textOf(column, cell), /^(?:NaN|-?Infinity)$/);
}

function textOf(column: TrinoColumn, cell: Cell): string {
  if (!cell.startsWith('"')) throw invalid(column, "a value that is no text");
  const value = JSON.parse(cell) as string;
  if (!value.isWellFormed()) throw invalid(column, "a text that is not Unicode");
  return value;
}

function matching(column: TrinoColumn, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value;
  throw outside(column, value);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const base64Of = (column: TrinoColumn, cell: Cell): string => matching(column, textOf(column, cell), base64);

const outside = (column: TrinoColumn, value: string) =>
  invalid(column, `the value ${JSON.stringify(value.slice(0, 100))}, which its type ${column.type} has not`);

const invalid = ({ name }: TrinoColumn, what: string) =>
  sourceDataInvalid(`the column ${JSON.stringify(name)} has ${what}`);
