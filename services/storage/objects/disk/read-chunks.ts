import type { FileHandle } from "node:fs/promises";
import type { Span } from "../../../lib/content/byte-range.ts";
import { createReadSizes } from "../../../lib/content/read-sizes.ts";

const kibibyte = 1024;
const readSizes = createReadSizes({
  most: 512 * kibibyte,
  least: 64 * kibibyte,
  total: 32 * 1024 * kibibyte,
});

/** Reads a range of a file, one chunk ahead of the consumer. Ends early at the end of the file. */
export async function* readChunks(
  handle: FileHandle,
  { start, end }: Span,
): AsyncGenerator<Uint8Array, void> {
  using size = readSizes.begin();
  const readAt = (position: number) => {
    const reading = readChunk(handle, position, Math.min(size.nextBytes(), end - position));
    // The consumer may stop before it awaits this read.
    reading.catch(() => {});
    return reading;
  };
  let position = start;
  let next = position < end ? readAt(position) : undefined;
  try {
    while (next) {
      const chunk = await next;
      if (chunk.length === 0) return;
      position += chunk.length;
      next = position < end ? readAt(position) : undefined;
      yield chunk;
    }
  } finally {
    // The file may be closed after this.
    await next?.catch(() => {});
  }
}

async function readChunk(handle: FileHandle, position: number, lengthBytes: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(lengthBytes);
  const { bytesRead } = await handle.read(buffer, 0, lengthBytes, position);
  return buffer.subarray(0, bytesRead);
}
