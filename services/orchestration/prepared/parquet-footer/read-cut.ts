import type { FileHandle } from "node:fs/promises";
import type { Cut } from "./cut-footer.ts";
import { magic, readExactly } from "../../engine/parquet/footer.ts";

/** What is read at once, in bytes. */
const pieceBytes = 1024 * 1024;

/** The bytes of row groups that are cut out of a Parquet file, as a file of their own. */
export async function* readCut(file: FileHandle, { from, to, foot }: Cut): AsyncGenerator<Uint8Array, void> {
  yield magic;
  for (let position = from; position < to; position += pieceBytes) {
    yield await readExactly(file, position, Math.min(pieceBytes, to - position));
  }
  yield foot;
}
