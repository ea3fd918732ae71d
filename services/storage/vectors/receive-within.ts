import { vectorsIdle } from "./vector-errors.ts";

/** The messages of a stream. Throws DEADLINE_EXCEEDED when none arrives in time. The iterator is not closed: it ends with its call. */
export async function* receiveWithin<T>(messages: AsyncIterable<T>, idleMs: number): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  for (;;) {
    const { promise: idle, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(vectorsIdle(idleMs)), idleMs);
    try {
      const { done, value } = await Promise.race([iterator.next(), idle]);
      if (done) return;
      clearTimeout(timer);
      yield value;
    } finally {
      clearTimeout(timer);
    }
  }
}
