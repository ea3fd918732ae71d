import { isUtf8 } from "node:buffer";
import { sourceDataInvalid } from "../../../errors.ts";
import { encodeJson } from "../../../results/encode-json.ts";
import { type EncodedValue, encodeDouble } from "../../../results/encoded-value.ts";
import type { ColumnFormat } from "../../sql/row-source.ts";
import type { MysqlSettings } from "../target/settings.ts";
import type { Decode } from "../wire/binary-row.ts";
import type { ColumnDefinition } from "../wire/column-definition.ts";
import { clockText, dateText, isInCalendar, type Moment, readMoment, readSpan } from "./calendar.ts";
import { equatable, ordered, orderedDate, type ValueComparison } from "./comparison.ts";
import { typeCodes } from "./type-codes.ts";

type Format = Omit<ColumnFormat, "comparison">;

/** How values of a column are read. */
export type ColumnReader = Format & {
  readonly comparison?: ValueComparison;
  /** MySQL's name of the type. */
  readonly typeName: string;
  /** Text that the engine reads as `read`. */
  readonly text: Decode<string | null>;
  /** The value as the contract encodes it. */
  readonly encode: Decode<EncodedValue>;
};

type ReaderSettings = Pick<MysqlSettings, "zeroDates">;

/** Maximum precision of a decimal that all common Parquet readers support. */
const decimalDigitsMax = 38;
const bitBytesMax = 8;
const replacement = "\ufffd";

const itself = (column: string): string => column;
const ofType = (dataType: string): Format => ({ read: dataType, write: itself, dataType });
const text = ofType("VARCHAR");
const bytes: Format = { read: "VARCHAR", write: (column) => `unhex(${column})`, dataType: "BLOB" };

/** FailedPrecondition (SOURCE_DATA_INVALID) for a type that is not known. */
export function readerOf(column: ColumnDefinition, settings: ReaderSettings): ColumnReader {
  const { type, isUnsigned, isBinary } = column;
  const integer = integers[type];
  if (integer) return integerReader(integer, isUnsigned);
  switch (type) {
    case typeCodes.float:
      return numberReader("FLOAT", "float", (row, start) => shortest(row.readFloatLE(start)));
    case typeCodes.double:
      return numberReader("DOUBLE", "double", (row, start) => row.readDoubleLE(start));
    case typeCodes.decimal:
    case typeCodes.oldDecimal:
      return decimalReader(column);
    case typeCodes.date:
    case typeCodes.datetime:
    case typeCodes.timestamp:
      return momentReader(column, settings);
    case typeCodes.time:
      return sameText(text, "time", spanOf(column));
    case typeCodes.bit:
      return sameText(ofType("UBIGINT"), `bit(${column.length})`, bitsOf(column));
    case typeCodes.geometry:
      return binaryReader("geometry");
    case typeCodes.vector:
      return binaryReader("vector");
    case typeCodes.json:
      return jsonReader(column);
    case typeCodes.null:
      return sameText(text, "null", () => "");
  }
  const name = texts[type];
  if (name === undefined) {
    throw sourceDataInvalid(
      `the column ${JSON.stringify(column.name)} has the type ${type}, which is not known`,
    );
  }
  return textReader(column, isBinary ? name.binary : name.text);
}

function textReader(column: ColumnDefinition, name: string): ColumnReader {
  const { extendedType, isBinary } = column;
  if (extendedType === "json") return jsonReader(column);
  if (extendedType === "uuid") return sameText(ofType("UUID"), "uuid", utf8Of(column));
  if (addressTypes.has(extendedType)) return sameText(text, extendedType, utf8Of(column));
  return isBinary ? binaryReader(name) : { ...sameText(text, name, utf8Of(column)), comparison: equatable };
}

const addressTypes = new Set(["inet4", "inet6"]);

type IntegerType = {
  readonly name: string;
  readonly signed: string;
  readonly unsigned: string;
  readonly readSigned: Decode<number | bigint>;
  readonly readUnsigned: Decode<number | bigint>;
};

const integerType = (
  name: string,
  dataType: string,
  readSigned: Decode<number | bigint>,
  readUnsigned: Decode<number | bigint>,
): IntegerType => ({ name, signed: dataType, unsigned: `U${dataType}`, readSigned, readUnsigned });

const readYear: Decode<number> = (row, start) => row.readUInt16LE(start);

/** A MEDIUMINT is sent in four bytes. */
const integers: Readonly<Record<number, IntegerType>> = {
  [typeCodes.tiny]: integerType(
    "tinyint",
    "TINYINT",
    (row, at) => row.readInt8(at),
    (row, at) => row.readUInt8(at),
  ),
  [typeCodes.short]: integerType("smallint", "SMALLINT", (row, at) => row.readInt16LE(at), readYear),
  [typeCodes.int24]: integerType(
    "mediumint",
    "INTEGER",
    (row, at) => row.readInt32LE(at),
    (row, at) => row.readUInt32LE(at),
  ),
  [typeCodes.long]: integerType(
    "int",
    "INTEGER",
    (row, at) => row.readInt32LE(at),
    (row, at) => row.readUInt32LE(at),
  ),
  [typeCodes.longLong]: integerType(
    "bigint",
    "BIGINT",
    (row, at) => row.readBigInt64LE(at),
    (row, at) => row.readBigUInt64LE(at),
  ),
  [typeCodes.year]: {
    name: "year",
    signed: "SMALLINT",
    unsigned: "SMALLINT",
    readSigned: readYear,
    readUnsigned: readYear,
  },
};

function integerReader(type: IntegerType, isUnsigned: boolean): ColumnReader {
  const { name, signed, unsigned } = type;
  const read = isUnsigned ? type.readUnsigned : type.readSigned;
  return {
    ...ofType(isUnsigned ? unsigned : signed),
    ...(name !== "year" && { comparison: ordered(isUnsigned ? "unsigned" : "signed") }),
    typeName: isUnsigned && name !== "year" ? `${name} unsigned` : name,
    text: (row, start, end) => String(read(row, start, end)),
    encode(row, start, end) {
      const value = read(row, start, end);
      return typeof value === "bigint" ? String(value) : value;
    },
  };
}

const numberReader = (dataType: string, typeName: string, read: Decode<number>): ColumnReader => ({
  ...ofType(dataType),
  typeName,
  text(row, start, end) {
    const value = read(row, start, end);
    return Object.is(value, -0) ? "-0" : String(value);
  },
  encode: (row, start, end) => encodeDouble(read(row, start, end)),
});

/** Digits that tell every float from the others. */
const floatDigits = [6, 7, 8, 9];

/** The number with the fewest digits that is this float. */
function shortest(value: number): number {
  const found = floatDigits.map((digits) => Number(value.toPrecision(digits)));
  return found.find((number) => Object.is(Math.fround(number), value)) ?? value;
}

/** A reader of a type whose encoding in the contract is the text that the engine reads. */
const sameText = (format: Format, typeName: string, read: Decode<string>): ColumnReader => ({
  ...format,
  typeName,
  text: read,
  encode: read,
});

/** The length counts the sign and the point. */
function decimalReader(column: ColumnDefinition): ColumnReader {
  const { length, decimals, isUnsigned } = column;
  const digits = length - (decimals > 0 ? 1 : 0) - (isUnsigned ? 0 : 1);
  const precision = Math.max(digits, decimals, 1);
  const format = precision <= decimalDigitsMax ? ofType(`DECIMAL(${precision},${decimals})`) : text;
  const typeName = `decimal(${precision},${decimals})${isUnsigned ? " unsigned" : ""}`;
  const reader = sameText(format, typeName, (row, start, end) => {
    const value = row.toString("latin1", start, end);
    if (!/^-?\d+(?:\.\d+)?$/.test(value)) throw invalid(column, "a decimal that is no number");
    return value;
  });
  const isDecimal = precision <= decimalDigitsMax;
  return isDecimal ? { ...reader, comparison: ordered(`decimal(${precision},${decimals})`) } : reader;
}

function momentReader(column: ColumnDefinition, { zeroDates }: ReaderSettings): ColumnReader {
  const isDate = column.type === typeCodes.date;
  const isZoned = column.type === typeCodes.timestamp;
  function read(row: Buffer, start: number, end: number): Moment | null {
    const moment = readMoment(row, start, end);
    if (!moment) throw invalid(column, "a time that can't be read");
    if (isInCalendar(moment)) return moment;
    if (zeroDates === "null") return null;
    throw invalid(
      column,
      `the date ${dateText(moment)}, which no calendar has: settings.zeroDates "null" reads such dates as NULL`,
    );
  }
  const write = (separator: string, zone: string): Decode<string | null> =>
    function decode(row, start, end) {
      const moment = read(row, start, end);
      if (!moment || isDate) return moment && dateText(moment);
      return `${dateText(moment)}${separator}${clockText(moment)}${zone}`;
    };
  const { dataType, typeName } = isDate
    ? { dataType: "DATE", typeName: "date" }
    : isZoned
      ? { dataType: "TIMESTAMP WITH TIME ZONE", typeName: "timestamp" }
      : { dataType: "TIMESTAMP", typeName: "datetime" };
  return {
    ...ofType(dataType),
    comparison: orderedDate(isDate ? "date" : "datetime(6)"),
    typeName,
    text: write(" ", isZoned ? "+00" : ""),
    encode: write("T", isZoned ? "Z" : ""),
  };
}

const spanOf =
  (column: ColumnDefinition): Decode<string> =>
  (row, start, end) => {
    const span = readSpan(row, start, end);
    if (span === undefined) throw invalid(column, "a time that can't be read");
    return span;
  };

/** The bits as a number, in the bytes of the largest first. */
const bitsOf =
  (column: ColumnDefinition): Decode<string> =>
  (row, start, end) => {
    if (end === start || end - start > bitBytesMax) throw invalid(column, "bits that can't be read");
    return String(BigInt(`0x${row.toString("hex", start, end)}`));
  };

const binaryReader = (typeName: string): ColumnReader => ({
  ...bytes,
  typeName,
  text: (row, start, end) => row.toString("hex", start, end),
  encode: (row, start, end) => row.toString("base64", start, end),
});

const jsonReader = (column: ColumnDefinition): ColumnReader => {
  const read = utf8Of(column);
  return {
    ...text,
    typeName: "json",
    text: read,
    encode: (row, start, end) => encodeJson(read(row, start, end)),
  };
};

const utf8Of =
  (column: ColumnDefinition): Decode<string> =>
  (row, start, end) => {
    const value = row.toString("utf8", start, end);
    if (value.includes(replacement) && !isUtf8(row.subarray(start, end))) {
      throw invalid(column, "a text that is not UTF-8");
    }
    return value;
  };

const named = (textName: string, binary: string) => ({ text: textName, binary });
const blobs = named("text", "blob");
const texts: Readonly<Record<number, { readonly text: string; readonly binary: string }>> = {
  [typeCodes.varchar]: named("varchar", "varbinary"),
  [typeCodes.varString]: named("varchar", "varbinary"),
  [typeCodes.string]: named("char", "binary"),
  [typeCodes.enum]: named("enum", "enum"),
  [typeCodes.set]: named("set", "set"),
  [typeCodes.tinyBlob]: blobs,
  [typeCodes.mediumBlob]: blobs,
  [typeCodes.longBlob]: blobs,
  [typeCodes.blob]: blobs,
};

const invalid = ({ name }: ColumnDefinition, what: string) =>
  sourceDataInvalid(`the column ${JSON.stringify(name)} has ${what}`);
