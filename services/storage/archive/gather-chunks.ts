/** Smallest chunk that leaves by itself, in bytes: an archive of small files has several tiny ones for each. */
const chunkBytesMin = 128 * 1024;

/** The same bytes in fewer chunks. */
export async function* gatherChunks(
  chunks: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.byteLength;
    if (heldBytes < chunkBytesMin) continue;
    yield joined(held);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield joined(held);
}

const joined = (chunks: readonly Uint8Array[]): Uint8Array =>
  chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
