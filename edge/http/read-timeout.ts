import { Code, ConnectError } from "@connectrpc/connect";
import { bodyStalled, bodyTooSlow } from "../errors/http-error.ts";

/** Minimum bytes per idle timeout. Slower senders are disconnected. */
const bytesMin = 16 * 1024;

/** Whether the bytes read so far end between two messages, where no minimum rate holds. */
export type ReadState = { between: boolean };

/** Idle timeout and minimum transfer rate of a body. Time between two calls of `next` does not count. */
export type ReadTimeout = { next(chunks: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> };

/** Waits `pauseMs` for a chunk within a message and `betweenMs` between messages; Infinity for no limit. */
export function createReadTimeout(pauseMs: number, state: ReadState, betweenMs: number): ReadTimeout {
  let waitedMs = 0;
  let bytes = 0;
  const reset = () => {
    waitedMs = 0;
    bytes = 0;
  };
  return {
    async next(chunks) {
      if (state.between) reset();
      const startMs = performance.now();
      const chunk = await nextWithin(chunks, state.between ? betweenMs : pauseMs);
      if (chunk.done || state.between) return chunk;
      waitedMs += performance.now() - startMs;
      bytes += chunk.value.byteLength;
      if (bytes >= bytesMin) reset();
      else if (waitedMs > pauseMs) throw bodyTooSlow(bytesMin, pauseMs / 1000);
      return chunk;
    },
  };
}

async function nextWithin(chunks: AsyncIterator<Buffer>, timeoutMs: number): Promise<IteratorResult<Buffer>> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => reject(bodyStalled(timeoutMs / 1000)), timeoutMs);
  });
  try {
    return await Promise.race([chunks.next(), stalled]);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    throw new ConnectError("the caller went away", Code.Canceled);
  } finally {
    clearTimeout(timer);
  }
}
