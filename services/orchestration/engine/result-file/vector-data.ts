import type { DuckDBVector } from "@duckdb/node-api";

/** Validity of the values of a vector. */
type Validity = { readonly data: BigUint64Array | null; readonly offset: number };

/** Private fields of vectors: DuckDB's memory of their values. */
type Inner = {
  readonly validity?: Validity;
  readonly listVector?: DuckDBVector;
  readonly items?: { readonly buffer: ArrayBuffer; readonly byteOffset: number; readonly byteLength: number };
  readonly dataView?: DataView;
};

const innerOf = (vector: DuckDBVector): Inner => vector as unknown as Inner;

/** The bytes of fixed-width values. */
export function valueBytes(vector: DuckDBVector): Uint8Array<ArrayBuffer> {
  const { items, dataView } = innerOf(vector);
  const data = items ?? dataView;
  if (!data) throw new Error(`a vector of ${vector.type} has no values of a fixed width`);
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** One bit per value, 1 if valid; undefined if all are valid. */
export function validityBits(vector: DuckDBVector): { bits: Uint8Array; offset: number } | undefined {
  const { data, offset } = innerOf(vector).validity ?? { data: null, offset: 0 };
  return data ? { bits: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset } : undefined;
}

/** The underlying list of a map. */
export function listOfMap(vector: DuckDBVector): DuckDBVector {
  const { listVector } = innerOf(vector);
  if (!listVector) throw new Error(`a vector of ${vector.type} is no map`);
  return listVector;
}
