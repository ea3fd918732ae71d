import type { ColumnFormat } from "../../../services/orchestration/connectors/sql/row-source.ts";
import type { EncodedValue } from "../../../services/orchestration/results/encoded-value.ts";
import { encodeDouble } from "../../../services/orchestration/results/encoded-value.ts";

export type SqliteValue = null | bigint | number | string | Uint8Array;

/** A value as the contract encodes it; integers beyond 2^53 are text. */
export function decodeValue(value: SqliteValue): EncodedValue {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number") return encodeDouble(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return value;
}

/** A value as text for the engine; the bytes of a BLOB in hexadecimal. */
export function encodeText(value: SqliteValue): string | null {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value === null ? null : String(value);
}

const itself = (column: string): string => column;

/** Format of a column by the affinity of its declared type. */
export function formatOf(declaredType: string): ColumnFormat {
  const type = declaredType.toUpperCase();
  if (type.includes("INT")) return { read: "BIGINT", write: itself, dataType: "BIGINT" };
  if (/REAL|FLOA|DOUB/.test(type)) return { read: "DOUBLE", write: itself, dataType: "DOUBLE" };
  if (type.includes("BLOB"))
    return { read: "VARCHAR", write: (column) => `unhex(${column})`, dataType: "BLOB" };
  return { read: "VARCHAR", write: itself, dataType: "VARCHAR" };
}
