import { setTimeout as wait } from "node:timers/promises";

/** Yields chunks at a limited rate. The delays are the subject of the test, not a wait for something else. */
export async function* pace(chunks: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const startMs = performance.now();
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.byteLength;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - startMs);
    if (aheadMs > 0) await wait(aheadMs);
  }
}
