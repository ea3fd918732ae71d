import { createByteBuffer } from "../http/byte-buffer.ts";

/** Smallest and largest chunk of an upload, in bytes; the last one can be smaller. */
const chunkBytesMin = 256 * 1024;
const chunkBytesMax = 1024 * 1024;

/** Joins small chunks and cuts large ones: a message per network packet would cost more than its bytes. */
export async function* coalesce(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const buffer = createByteBuffer();
  for await (const chunk of chunks) {
    buffer.append(chunk);
    if (buffer.byteLength >= chunkBytesMin) yield* cut(buffer.drain());
  }
  yield* cut(buffer.drain());
}

function* cut(whole: Buffer): Generator<Buffer> {
  for (let at = 0; at < whole.byteLength; at += chunkBytesMax) yield whole.subarray(at, at + chunkBytesMax);
}
