import type { TypedColumn } from "../protocol.ts";
import { type Decimal, decimalOf, int32DigitsMax, int64DigitsMax } from "./decimal-type.ts";
import { binary, bool, i32, struct, type ThriftValue, union } from "./thrift/thrift-value.ts";

/** Parquet's enum values of physical types. */
const physicalTypes = {
  boolean: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  bytes: 6,
  fixedBytes: 7,
} as const;

/** A column in the schema of a file. */
export type ParquetType = {
  readonly physical: number;
  /** Length of fixed-length bytes. */
  readonly length?: number;
  /** For readers without support of the logical type. */
  readonly converted?: number;
  readonly logical?: ThriftValue;
  readonly decimal?: Decimal;
};

const { boolean, int32, int64, float, double, bytes, fixedBytes } = physicalTypes;
const convertedDecimal = 5;

const micros = union(2);

/** By DuckDB's name of the type. DuckDB writes the same. */
const parquetTypes: Readonly<Record<string, ParquetType>> = {
  BOOLEAN: { physical: boolean },
  SMALLINT: { physical: int32, converted: 16 },
  INTEGER: { physical: int32, converted: 17 },
  BIGINT: { physical: int64, converted: 18 },
  UINTEGER: { physical: int32, converted: 13 },
  FLOAT: { physical: float },
  DOUBLE: { physical: double },
  DATE: { physical: int32, converted: 6 },
  TIME: time(false),
  TIMESTAMP: timestamp(false),
  "TIMESTAMP WITH TIME ZONE": timestamp(true),
  UUID: { physical: fixedBytes, length: 16, logical: union(14) },
  BLOB: { physical: bytes },
  VARCHAR: { physical: bytes, converted: 0 },
};

function time(isUtc: boolean): ParquetType {
  return {
    physical: int64,
    converted: 8,
    logical: union(7, [
      [1, bool(isUtc)],
      [2, micros],
    ]),
  };
}

function timestamp(isUtc: boolean): ParquetType {
  return {
    physical: int64,
    converted: 10,
    logical: union(8, [
      [1, bool(isUtc)],
      [2, micros],
    ]),
  };
}

export function parquetTypeOf(dataType: string): ParquetType {
  const decimal = decimalOf(dataType);
  if (decimal) return decimalType(decimal);
  const type = parquetTypes[dataType];
  if (!type) throw new Error(`there is no type of Parquet's for ${dataType}`);
  return type;
}

function decimalType(decimal: Decimal): ParquetType {
  const { precision, scale } = decimal;
  const logical = union(5, [
    [1, i32(scale)],
    [2, i32(precision)],
  ]);
  const common = { converted: convertedDecimal, logical, decimal };
  if (precision <= int32DigitsMax) return { physical: int32, ...common };
  if (precision <= int64DigitsMax) return { physical: int64, ...common };
  return { physical: fixedBytes, length: 16, ...common };
}

const optional = 1;

export const schemaOf = (columns: readonly TypedColumn[]): ThriftValue[] => [
  struct([
    [4, binary("schema")],
    [5, i32(columns.length)],
  ]),
  ...columns.map(({ name, dataType }) => {
    const { physical, length, converted, logical, decimal } = parquetTypeOf(dataType);
    return struct([
      [1, i32(physical)],
      [2, optionally(length)],
      [3, i32(optional)],
      [4, binary(name)],
      [6, optionally(converted)],
      [7, optionally(decimal?.scale)],
      [8, optionally(decimal?.precision)],
      [10, logical],
    ]);
  }),
];

const optionally = (value: number | undefined): ThriftValue | undefined =>
  value === undefined ? undefined : i32(value);
