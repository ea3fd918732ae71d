import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBGeometryValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from "@duckdb/node-api";
import { encodeJson } from "../../results/encode-json.ts";
import { type EncodedValue, encodeDouble } from "../../results/encoded-value.ts";
import { isoDateOfDays, isoInterval, isoOffset, isoTime, isoTimestamp } from "../../results/iso.ts";

/** Encodes the values of a column as the contract defines. A MAP is a list of objects with `key` and `value`. */
export const encoderOf =
  (type: DuckDBType) =>
  (value: DuckDBValue): EncodedValue =>
    encode(value, type);

function encode(value: DuckDBValue, type: DuckDBType | undefined): EncodedValue {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") {
    return encodeDouble(type?.typeId === DuckDBTypeId.FLOAT ? shortestFloat(value) : value);
  }
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return type?.alias === "JSON" ? encodeJson(value) : value;
  return encodeNested(value, type) ?? encodeTime(value) ?? encodeBytes(value) ?? value.toString();
}

type ObjectValue = DuckDBValue & object;

function encodeNested(value: ObjectValue, type: DuckDBType | undefined): EncodedValue | undefined {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
    const itemType = type && "valueType" in type ? type.valueType : undefined;
    return value.items.map((item) => encode(item, itemType));
  }
  if (value instanceof DuckDBStructValue) {
    const entryType = structEntries(type);
    return objectOf(Object.entries(value.entries).map(([key, item]) => [key, encode(item, entryType(key))]));
  }
  if (value instanceof DuckDBMapValue) {
    const map = type?.typeId === DuckDBTypeId.MAP ? type : undefined;
    return value.entries.map((entry) => ({
      key: encode(entry.key, map?.keyType),
      value: encode(entry.value, map?.valueType),
    }));
  }
  if (value instanceof DuckDBUnionValue) return objectOf([[value.tag, encode(value.value, undefined)]]);
  if (value instanceof DuckDBVariantValue) return encode(value.value, value.type);
  return undefined;
}

function structEntries(type: DuckDBType | undefined): (name: string) => DuckDBType | undefined {
  if (type?.typeId !== DuckDBTypeId.STRUCT) return () => undefined;
  return (name) => type.entryTypes[type.entryNames.indexOf(name)];
}

/** Object.fromEntries also treats `__proto__` as an ordinary key. */
const objectOf = (entries: [string, EncodedValue][]): EncodedValue => Object.fromEntries(entries);

function encodeTime(value: ObjectValue): string | undefined {
  if ("isFinite" in value && !value.isFinite) return infinity(value);
  if (value instanceof DuckDBDateValue) return isoDateOfDays(value.days);
  if (value instanceof DuckDBTimestampValue) return isoTimestamp(value.micros, 6);
  if (value instanceof DuckDBTimestampTZValue) return `${isoTimestamp(value.micros, 6)}Z`;
  if (value instanceof DuckDBTimestampSecondsValue) return isoTimestamp(value.seconds, 0);
  if (value instanceof DuckDBTimestampMillisecondsValue) return isoTimestamp(value.millis, 3);
  if (value instanceof DuckDBTimestampNanosecondsValue) return isoTimestamp(value.nanos, 9);
  if (value instanceof DuckDBTimeValue) return isoTime(value.micros, 6);
  if (value instanceof DuckDBTimeNSValue) return isoTime(value.nanos, 9);
  if (value instanceof DuckDBTimeTZValue) return isoTime(value.micros, 6) + isoOffset(value.offset);
  if (value instanceof DuckDBIntervalValue) return isoInterval(value.months, value.days, value.micros);
  return undefined;
}

/** The only number of a date or timestamp value counts days or fractions of a second since 1970. */
const infinity = (value: ObjectValue): string =>
  (Object.values(value)[0] as bigint | number) > 0 ? "infinity" : "-infinity";

function encodeBytes(value: ObjectValue): string | undefined {
  const isBytes = value instanceof DuckDBBlobValue || value instanceof DuckDBGeometryValue;
  return isBytes ? Buffer.from(value.bytes).toString("base64") : undefined;
}

/** Rounds a 32-bit float to the fewest digits that identify it. */
function shortestFloat(value: number): number {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return digits === undefined ? value : Number(value.toPrecision(digits));
}
