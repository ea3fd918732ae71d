import { setTimeout as wait } from "node:timers/promises";

/** Lets pieces pass at so many bytes a second. The pace is what is tested: nothing else is waited for. */
export async function* pace(pieces: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const startMs = performance.now();
  let bytes = 0;
  for await (const piece of pieces) {
    yield piece;
    bytes += piece.byteLength;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - startMs);
    if (aheadMs > 0) await wait(aheadMs);
  }
}
