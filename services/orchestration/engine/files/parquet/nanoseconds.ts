import type { DuckDBConnection } from "@duckdb/node-api";
import { readRows } from "../../database/sandbox.ts";
import { EngineFailure } from "../../engine-failure.ts";
import type { Patch } from "./patch-footer.ts";

/** A column of the patched copy that may have nanoseconds. */
export type NanosecondColumn = { readonly name: string; readonly value: string; readonly patch: Patch };

/** How the values are read from the copy. If they have no nanoseconds, DuckDB reads them correctly from the file itself. */
export type NanosecondReading = {
  readonly hasNanoseconds: boolean;
  readonly dataType: string;
  readonly expression: string;
  readonly note?: string | undefined;
};

const julianEpoch = 2_440_588;
const nanosecondsOfDay = 86_400_000_000_000;
const nanosecondDays = { min: -106_751, max: 106_750 };

/** Reinterprets a signed 32-bit number as unsigned. */
const unsigned = (value: string): string => `(${value} & 4294967295)`;

/**
 * An INT96 read as INTERVAL: the lower half of the nanoseconds of the day becomes months, the upper half days, and the day
 * milliseconds.
 */
const monthsOf = (value: string) => `(extract('year' FROM ${value}) * 12 + extract('month' FROM ${value}))`;
const nanosOf = (value: string) =>
  `(${unsigned(`extract('day' FROM ${value})`)} * 4294967296 + ${unsigned(monthsOf(value))})`;
const dayOf = (value: string) =>
  `(extract('hour' FROM ${value}) * 3600000 + extract('minute' FROM ${value}) * 60000 + extract('millisecond' FROM ${value}) - ${julianEpoch})`;

/** Checks all values of a column and chooses an exact type. */
export async function detectReading(
  connection: DuckDBConnection,
  relation: string,
  column: NanosecondColumn,
): Promise<NanosecondReading> {
  return column.patch === "int96AsInterval"
    ? int96Reading(connection, relation, column)
    : zonedReading(connection, relation, column);
}

async function int96Reading(
  connection: DuckDBConnection,
  relation: string,
  { name, value }: NanosecondColumn,
): Promise<NanosecondReading> {
  const [found] = await readRows(
    connection,
    `SELECT bool_or(${nanosOf(value)} % 1000 <> 0) AS fine, bool_or(${nanosOf(value)} NOT BETWEEN 0 AND ${nanosecondsOfDay - 1}) AS wrong, ` +
      `min(${dayOf(value)})::VARCHAR AS first, max(${dayOf(value)})::VARCHAR AS last FROM ${relation}`,
  );
  if (found?.wrong === true) throw invalid(name, "has an INT96 with more nanoseconds than a day has");
  if (found?.fine !== true) {
    const microseconds = `${dayOf(value)} * ${nanosecondsOfDay / 1000} + ${nanosOf(value)} // 1000`;
    return { hasNanoseconds: false, dataType: "TIMESTAMP", expression: `make_timestamp(${microseconds})` };
  }
  if (Number(found.first) < nanosecondDays.min || Number(found.last) > nanosecondDays.max) {
    throw invalid(name, "has nanoseconds outside of the years 1678 to 2261: write it as text");
  }
  return {
    hasNanoseconds: true,
    dataType: "TIMESTAMP_NS",
    expression: `make_timestamp_ns(${dayOf(value)} * ${nanosecondsOfDay} + ${nanosOf(value)})`,
    note: "INT96 with nanoseconds",
  };
}

async function zonedReading(
  connection: DuckDBConnection,
  relation: string,
  { value }: NanosecondColumn,
): Promise<NanosecondReading> {
  const [found] = await readRows(
    connection,
    `SELECT bool_or(epoch_ns(${value}) % 1000 <> 0) AS fine FROM ${relation}`,
  );
  if (found?.fine !== true) {
    const expression = `make_timestamptz(epoch_ns(${value}) // 1000)`;
    return { hasNanoseconds: false, dataType: "TIMESTAMP WITH TIME ZONE", expression };
  }
  return {
    hasNanoseconds: true,
    dataType: "VARCHAR",
    expression: `(${value}::VARCHAR || '+00')`,
    note: "timestamps with a zone and nanoseconds; 6 digits at the most are kept",
  };
}

const invalid = (name: string, what: string) =>
  new EngineFailure("sourceDataInvalid", `column ${JSON.stringify(name)} ${what}`);
