import type { Limits } from "../limits.ts";

/** What has arrived of a content: all of it, or the pieces so far and those that follow. */
export type Gathered =
  | { readonly whole: Buffer }
  | { readonly whole: undefined; readonly pieces: AsyncIterable<Uint8Array> };

/**
 * Waits for a content that is small and arrives at once. One that is larger, or takes its time, is handed on as it was.
 * Throws what `pieces` throws.
 */
export async function gatherSmall(
  pieces: AsyncIterable<Uint8Array>,
  announcedBytes: number,
  { smallBytesMax, smallWaitMs }: Pick<Limits, "smallBytesMax" | "smallWaitMs">,
): Promise<Gathered> {
  if (announcedBytes > smallBytesMax) return { whole: undefined, pieces };
  const iterator = pieces[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), smallWaitMs);
  try {
    while (heldBytes <= smallBytesMax) {
      const next = iterator.next();
      const result = await Promise.race([next, late]);
      if (!result) return { whole: undefined, pieces: continued(held, iterator, next) };
      if (result.done) return { whole: Buffer.concat(held, heldBytes) };
      held.push(result.value);
      heldBytes += result.value.length;
    }
  } finally {
    clearTimeout(timer);
  }
  return { whole: undefined, pieces: continued(held, iterator) };
}

async function* continued(
  held: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
  pending?: Promise<IteratorResult<Uint8Array>>,
): AsyncGenerator<Uint8Array> {
  // Whoever ends before it is waited for has its own error.
  pending?.catch(() => undefined);
  yield* held;
  for (let result = await (pending ?? iterator.next()); !result.done; result = await iterator.next()) {
    yield result.value;
  }
}
