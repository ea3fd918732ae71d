import type { Limits } from "../limits.ts";

/** Small content as a whole, or the chunks so far and those that follow. */
export type Gathered =
  | { readonly whole: Buffer }
  | { readonly whole: undefined; readonly chunks: AsyncIterable<Uint8Array> };

/**
 * Waits for content that is small and arrives at once. Content that is larger or slower is returned as a stream, from its
 * first byte. Throws whatever `chunks` throws.
 */
export async function gatherSmall(
  chunks: AsyncIterable<Uint8Array>,
  announcedBytes: number,
  { smallBytesMax, smallWaitMs }: Pick<Limits, "smallBytesMax" | "smallWaitMs">,
): Promise<Gathered> {
  if (announcedBytes > smallBytesMax) return { whole: undefined, chunks };
  const iterator = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), smallWaitMs);
  try {
    while (heldBytes <= smallBytesMax) {
      const next = iterator.next();
      const result = await Promise.race([next, late]);
      if (!result) return { whole: undefined, chunks: replay(held, iterator, next) };
      if (result.done) return { whole: Buffer.concat(held, heldBytes) };
      held.push(result.value);
      heldBytes += result.value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  return { whole: undefined, chunks: replay(held, iterator) };
}

/** The held chunks, then the rest of the iterator, of which one result may be pending. */
async function* replay(
  held: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
  pending?: Promise<IteratorResult<Uint8Array>>,
): AsyncGenerator<Uint8Array> {
  // A consumer that stops before it awaits this result has an error of its own.
  pending?.catch(() => undefined);
  yield* held;
  for (let result = await (pending ?? iterator.next()); !result.done; result = await iterator.next()) {
    yield result.value;
  }
}
