import duckdb from "@duckdb/node-bindings";

/** Bytes of DuckDB's entry of a string, and the longest string that lies in the entry itself. */
const entryBytes = 16;
const inlineBytesMax = 12;

/** Bytes to be copied from a run to a place of the target. */
type Piece = { readonly from: number; readonly to: number; bytes: number };

/** Long strings that lie one behind the other in DuckDB's memory. */
type Run = { readonly row: number; readonly address: number; bytes: number; readonly pieces: Piece[] };

/** Length of the string of a row. */
export const stringBytes = (entries: DataView, row: number): number =>
  entries.getUint32(row * entryBytes, true);

/**
 * Copies the strings of some rows into a target, one behind the other. Each call that reads DuckDB's memory costs more than
 * the copy of a string, so what lies together there is read at once; nothing between two strings ever is.
 */
export function copyStrings(entries: DataView, rows: readonly number[], target: Uint8Array): void {
  const inline = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
  let run: Run | undefined;
  let at = 0;
  for (const row of rows) {
    const bytes = stringBytes(entries, row);
    if (bytes <= inlineBytesMax) {
      const start = row * entryBytes + 4;
      for (let index = 0; index < bytes; index += 1) target[at + index] = inline[start + index] ?? 0;
    } else {
      const address = addressOf(entries, row);
      if (!run || address !== run.address + run.bytes) {
        copyRun(entries, run, target);
        run = { row, address, bytes: 0, pieces: [] };
      }
      extendRun(run, at, bytes);
    }
    at += bytes;
  }
  copyRun(entries, run, target);
}

/** Addresses have 48 bits, which a number keeps. */
const addressOf = (entries: DataView, row: number): number =>
  entries.getUint32(row * entryBytes + 12, true) * 2 ** 32 + entries.getUint32(row * entryBytes + 8, true);

function extendRun(run: Run, to: number, bytes: number): void {
  const last = run.pieces.at(-1);
  if (last && last.to + last.bytes === to) last.bytes += bytes;
  else run.pieces.push({ from: run.bytes, to, bytes });
  run.bytes += bytes;
}

function copyRun(entries: DataView, run: Run | undefined, target: Uint8Array): void {
  if (!run) return;
  const pointer = entries.byteOffset + run.row * entryBytes + 8;
  const read = duckdb.get_data_from_pointer(entries.buffer as ArrayBuffer, pointer, run.bytes);
  for (const { from, to, bytes } of run.pieces) target.set(read.subarray(from, from + bytes), to);
}
