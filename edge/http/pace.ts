import { Code, ConnectError } from "@connectrpc/connect";
import { bodyStalled, bodyTooSlow } from "../errors/http-error.ts";

/** What a sender has to bring while it is waited for as long as it may pause: the slowest that a sender may be. */
const paceBytesMin = 16 * 1024;

/** Whether what was read of a body ends between two messages. Nobody has to be quick there. */
export type Place = { between: boolean };

/** Reads pieces of a body as long as they come fast enough. The time that a reader takes for himself does not count. */
export type Pace = { next(pieces: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer>> };

/** Waits `pauseMs` for a piece within a message, and `betweenMs` for one between messages; Infinity for no end. */
export function createPace(pauseMs: number, place: Place, betweenMs: number): Pace {
  let waitedMs = 0;
  let bytes = 0;
  const forget = () => {
    waitedMs = 0;
    bytes = 0;
  };
  return {
    async next(pieces) {
      if (place.between) forget();
      const startMs = performance.now();
      const piece = await nextWithin(pieces, place.between ? betweenMs : pauseMs);
      if (piece.done || place.between) return piece;
      waitedMs += performance.now() - startMs;
      bytes += piece.value.byteLength;
      if (bytes >= paceBytesMin) forget();
      else if (waitedMs > pauseMs) throw bodyTooSlow(paceBytesMin, pauseMs / 1000);
      return piece;
    },
  };
}

async function nextWithin(pieces: AsyncIterator<Buffer>, timeoutMs: number): Promise<IteratorResult<Buffer>> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    if (timeoutMs === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(() => reject(bodyStalled(timeoutMs / 1000)), timeoutMs);
  });
  try {
    return await Promise.race([pieces.next(), stalled]);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    throw new ConnectError("the caller went away", Code.Canceled);
  } finally {
    clearTimeout(timer);
  }
}
