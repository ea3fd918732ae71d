import { decimalOf } from "../parquet/decimal-type.ts";
import type { TypedColumn } from "../protocol.ts";
import { createBooleanColumn } from "./boolean-column.ts";
import { createBlobColumn, createTextColumn } from "./bytes-column.ts";
import type { Column } from "./column.ts";
import { createDecimalColumn } from "./decimal-column.ts";
import { createDoubleColumn, createRealColumn } from "./float-column.ts";
import {
  createDateColumn,
  createIntegerColumn,
  createOidColumn,
  createSmallintColumn,
} from "./int32-column.ts";
import {
  createBigintColumn,
  createTimeColumn,
  createTimestampColumn,
  createTimestampTzColumn,
} from "./int64-column.ts";
import { createUuidColumn } from "./uuid-column.ts";

/** Decoders by DuckDB's name of the type. */
const creators: Readonly<Record<string, (name: string) => Column>> = {
  BOOLEAN: createBooleanColumn,
  SMALLINT: createSmallintColumn,
  INTEGER: createIntegerColumn,
  BIGINT: createBigintColumn,
  UINTEGER: createOidColumn,
  FLOAT: createRealColumn,
  DOUBLE: createDoubleColumn,
  DATE: createDateColumn,
  TIME: createTimeColumn,
  TIMESTAMP: createTimestampColumn,
  "TIMESTAMP WITH TIME ZONE": createTimestampTzColumn,
  UUID: createUuidColumn,
  BLOB: createBlobColumn,
  VARCHAR: createTextColumn,
};

export function createColumn({ name, dataType }: TypedColumn): Column {
  const decimal = decimalOf(dataType);
  if (decimal) return createDecimalColumn(name, decimal);
  const create = creators[dataType];
  if (!create) throw new Error(`there is no decoder of ${dataType}`);
  return create(name);
}
