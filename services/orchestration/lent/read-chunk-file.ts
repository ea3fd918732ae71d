import { createReadStream } from "node:fs";
import type { ChunkFile } from "../connectors/connector.ts";
import type { Extraction } from "../engine/protocol.ts";

const pieceBytes = 1024 * 1024;

/** The bytes of a chunk that lies in a file, as `Snapshot.extract` answers them. */
export async function* readChunkFile({
  path,
  extraction,
}: ChunkFile): AsyncGenerator<Uint8Array, Extraction> {
  yield* createReadStream(path, { highWaterMark: pieceBytes });
  return extraction;
}
