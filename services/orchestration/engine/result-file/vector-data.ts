import type { DuckDBVector } from "@duckdb/node-api";

/** Which values of a vector are there. */
type Validity = { readonly data: BigUint64Array | null; readonly offset: number };

/** What vectors keep to themselves: DuckDB's own memory of their values. */
type Inner = {
  readonly validity?: Validity;
  readonly listVector?: DuckDBVector;
  readonly items?: { readonly buffer: ArrayBuffer; readonly byteOffset: number; readonly byteLength: number };
  readonly dataView?: DataView;
};

const innerOf = (vector: DuckDBVector): Inner => vector as unknown as Inner;

/** The bytes of the values of a fixed width. */
export function valueBytes(vector: DuckDBVector): Uint8Array<ArrayBuffer> {
  const { items, dataView } = innerOf(vector);
  const data = items ?? dataView;
  if (!data) throw new Error(`a vector of ${vector.type} has no values of a fixed width`);
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** A bit for each value, 1 where it is there; undefined where all are. */
export function validityBits(vector: DuckDBVector): { bits: Uint8Array; offset: number } | undefined {
  const { data, offset } = innerOf(vector).validity ?? { data: null, offset: 0 };
  return data ? { bits: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset } : undefined;
}

/** The list of key and value that a map is. */
export function listOfMap(vector: DuckDBVector): DuckDBVector {
  const { listVector } = innerOf(vector);
  if (!listVector) throw new Error(`a vector of ${vector.type} is no map`);
  return listVector;
}
