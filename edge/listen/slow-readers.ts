import { constants } from "node:http2";
import type { HttpResponse } from "../http/http.ts";

/** Disconnects clients that stop reading their response. */
export type SlowReaders = Disposable & { watch(response: HttpResponse): void };

/** Progress of a reader at the last inspection. */
type Progress = { drains: number; waitingBytes: number; seenDrains: number; sinceMs: number };

/**
 * Breaks off responses of which the client read nothing for `pauseMs`. A chunk counts when it was read whole, so the
 * minimum rate is the `writeBytesMax` of `write-chunk.ts` per `pauseMs`.
 */
export function createSlowReaders(pauseMs: number): SlowReaders {
  const readers = new Map<HttpResponse, Progress>();
  const timer = setInterval(() => {
    for (const [response, progress] of readers) {
      if (isStuck(response, progress, pauseMs)) cut(response);
    }
  }, pauseMs / 4).unref();
  return {
    watch(response) {
      const progress = { drains: 0, waitingBytes: 0, seenDrains: 0, sinceMs: performance.now() };
      readers.set(response, progress);
      response.on("drain", () => {
        progress.drains += 1;
      });
      response.once("close", () => readers.delete(response));
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function isStuck(response: HttpResponse, progress: Progress, pauseMs: number): boolean {
  const { drains } = progress;
  const waitingBytes = isFull(response) ? response.writableLength : 0;
  // Writers wait while the buffer is full, so it shrinks only by being read.
  if (waitingBytes === 0 || waitingBytes !== progress.waitingBytes || drains !== progress.seenDrains) {
    progress.waitingBytes = waitingBytes;
    progress.seenDrains = drains;
    progress.sinceMs = performance.now();
    return false;
  }
  return performance.now() - progress.sinceMs >= pauseMs;
}

const isFull = ({ writableNeedDrain, writableEnded }: HttpResponse): boolean =>
  writableNeedDrain || writableEnded;

function cut(response: HttpResponse): void {
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else response.destroy();
}
