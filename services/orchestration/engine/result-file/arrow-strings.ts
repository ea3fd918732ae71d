import duckdb from "@duckdb/node-bindings";

/** Size of DuckDB's string entry, and of the longest string that is inlined in it. */
const entryBytes = 16;
const inlineBytesMax = 12;

/** A copy from an offset in a run to an offset in the target. */
type Copy = { readonly from: number; readonly to: number; bytes: number };

/** Long strings that are contiguous in DuckDB's memory. */
type Run = { readonly row: number; readonly address: number; bytes: number; readonly copies: Copy[] };

export const stringBytes = (entries: DataView, row: number): number =>
  entries.getUint32(row * entryBytes, true);

/**
 * Copies the strings of rows into a contiguous target. A call that reads DuckDB's memory costs more than copying a string, so
 * contiguous strings are read together; bytes between strings are never read.
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
        run = { row, address, bytes: 0, copies: [] };
      }
      extendRun(run, at, bytes);
    }
    at += bytes;
  }
  copyRun(entries, run, target);
}

/** Addresses have 48 bits, which a double holds exactly. */
const addressOf = (entries: DataView, row: number): number =>
  entries.getUint32(row * entryBytes + 12, true) * 2 ** 32 + entries.getUint32(row * entryBytes + 8, true);

function extendRun(run: Run, to: number, bytes: number): void {
  const last = run.copies.at(-1);
  if (last && last.to + last.bytes === to) last.bytes += bytes;
  else run.copies.push({ from: run.bytes, to, bytes });
  run.bytes += bytes;
}

function copyRun(entries: DataView, run: Run | undefined, target: Uint8Array): void {
  if (!run) return;
  const pointer = entries.byteOffset + run.row * entryBytes + 8;
  const read = duckdb.get_data_from_pointer(entries.buffer as ArrayBuffer, pointer, run.bytes);
  for (const { from, to, bytes } of run.copies) target.set(read.subarray(from, from + bytes), to);
}
