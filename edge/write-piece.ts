import type { Writable } from "node:stream";

/** Writes a piece. The promise, if there is one, resolves when the stream takes more, or its reader has gone. */
export function writePiece(stream: Writable, piece: Uint8Array): Promise<void> | undefined {
  if (stream.destroyed || stream.write(piece)) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
