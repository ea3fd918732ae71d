import type { FileHandle } from "node:fs/promises";
import { magic, readExactly } from "../../engine/parquet/footer.ts";
import type { Cut } from "./cut-footer.ts";

/** Bytes per read. */
const readBytes = 1024 * 1024;

/** Streams the row groups of a cut as a Parquet file of their own. */
export async function* readCut(file: FileHandle, { from, to, tail }: Cut): AsyncGenerator<Uint8Array, void> {
  yield magic;
  for (let position = from; position < to; position += readBytes) {
    yield await readExactly(file, position, Math.min(readBytes, to - position));
  }
  yield tail;
}
