import { constants, type FileHandle, open } from "node:fs/promises";

const chunkBytes = 1024 * 1024;
/** Maximum of chunks that are copied at the same time: each blocks one of the few threads for file access. */
const concurrencyMax = 2;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Copies a file to a new one. Throws the signal's reason on abort. A copy in one call would block a thread until its end, and
 * a few large files would block all threads; so copies alternate chunk by chunk.
 */
export async function copyInChunks(from: string, to: string, signal: AbortSignal): Promise<void> {
  await using source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  await using target = await open(to, "wx", 0o600);
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  for (let copied = chunkBytes; copied > 0; ) {
    signal.throwIfAborted();
    copied = await withPermit(() => copyChunk(source, target, buffer));
  }
}

/** Returns the number of copied bytes; 0 at the end. */
async function copyChunk(source: FileHandle, target: FileHandle, buffer: Buffer): Promise<number> {
  const { bytesRead } = await source.read(buffer, 0, buffer.length);
  if (bytesRead > 0) await target.writeFile(buffer.subarray(0, bytesRead));
  return bytesRead;
}

/** First in, first out, so that every copy makes progress. */
async function withPermit<T>(work: () => Promise<T>): Promise<T> {
  if (running < concurrencyMax) running += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
