import { createReadStream } from "node:fs";
import type { ChunkFile } from "../connectors/connector.ts";
import type { Extraction } from "../engine/protocol.ts";

const readBytes = 1024 * 1024;

/** Reads a chunk from its file, in the form of `Snapshot.extract`. */
export async function* readChunkFile({
  path,
  extraction,
}: ChunkFile): AsyncGenerator<Uint8Array, Extraction> {
  yield* createReadStream(path, { highWaterMark: readBytes });
  return extraction;
}
