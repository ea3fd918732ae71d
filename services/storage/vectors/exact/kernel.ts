import { readFileSync } from "node:fs";

/** Rows of float32 in WebAssembly's memory. Multiplying four numbers at a time makes reading the memory the limit. */
export type Kernel = {
  /** Values of a row, which are written to and read from. Valid until `reserve` is called. */
  row(index: number): Float32Array;
  setQuery(values: Float32Array): void;
  /** Nearness of up to `blockRows` rows to the query; the largest is the nearest. Valid until the next call. */
  score(rows: Uint32Array): Float32Array;
  /** Makes room for this number of rows. Throws RangeError where there is none. */
  reserve(rowCount: number): void;
  bytes(): number;
};

/** Rows per call of `score`. */
export const blockRows = 4096;
/** Most bytes that the rows of one kernel can have: addresses have 32 bits. */
export const kernelBytesMax = 3.5 * 2 ** 30;

const module = new WebAssembly.Module(readFileSync(new URL("kernel/scores.wasm", import.meta.url)));
const pageBytes = 64 * 1024;
// 16,000 values of a query fit below the list.
const queryAt = 1024;
const listAt = queryAt + pageBytes;
const outAt = listAt + blockRows * 4;
const rowsAt = 2 * pageBytes;

type Score = (query: number, rows: number, stride: number, list: number, count: number, out: number) => void;
type Exports = { readonly dots: Score; readonly distances: Score };

/** Size of a row in bytes. */
export const strideOf = (dimension: number): number => Math.ceil(dimension / 4) * 16;

export function createKernel(dimension: number, nearness: keyof Exports): Kernel {
  const stride = strideOf(dimension);
  const memory = new WebAssembly.Memory({ initial: rowsAt / pageBytes });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const score = (exports as unknown as Exports)[nearness];
  return {
    row: (index) => new Float32Array(memory.buffer, rowsAt + index * stride, dimension),
    setQuery: (values) => new Float32Array(memory.buffer, queryAt, dimension).set(values),
    score(rows) {
      new Uint32Array(memory.buffer, listAt, blockRows).set(rows);
      score(queryAt, rowsAt, stride, listAt, rows.length, outAt);
      return new Float32Array(memory.buffer, outAt, rows.length);
    },
    reserve(rowCount) {
      const missing = rowsAt + rowCount * stride - memory.buffer.byteLength;
      if (missing <= 0) return;
      // Some more, so that not every row grows the memory.
      memory.grow(Math.ceil(Math.max(missing, Math.min(memory.buffer.byteLength / 8, 2 ** 24)) / pageBytes));
    },
    bytes: () => memory.buffer.byteLength,
  };
}
