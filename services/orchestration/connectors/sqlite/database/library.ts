import sqlite3InitModule, { type Sqlite3Static } from "@sqlite.org/sqlite-wasm";

/** SQLite as WebAssembly. Its memory is its own: a file that makes it fail can't reach the process. */
export type Library = Pick<Sqlite3Static, "capi" | "wasm" | "vfs">;

type InitModule = (options: { print(): void; printErr(): void }) => Promise<Sqlite3Static>;

/** What SQLite writes to its log may quote the file, so it is dropped. */
export const loadLibrary = (): Promise<Library> =>
  (sqlite3InitModule as unknown as InitModule)({ print: () => {}, printErr: () => {} });

/** Reads a C string of a name. Undefined for a null pointer. */
export function readName({ wasm }: Library, pointer: number): Buffer | undefined {
  if (!pointer) return undefined;
  const heap = wasm.heap8u();
  return Buffer.from(heap.slice(pointer, heap.indexOf(0, pointer)));
}
