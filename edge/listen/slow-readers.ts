import { constants } from "node:http2";
import type { HttpResponse } from "../http/http.ts";

/** Watches over answers whose readers have to take them. */
export type SlowReaders = Disposable & { watch(response: HttpResponse): void };

/** How far a reader had come when it was looked at last. */
type Look = { drains: number; waitingBytes: number; seenDrains: number; sinceMs: number };

/**
 * Breaks off answers of which nothing was taken for `pauseMs`. Answers are written in pieces of at most
 * `pieceBytesMax` of `write-piece.ts`, and a piece counts when it is taken whole: that is the slowest a reader may be.
 */
export function createSlowReaders(pauseMs: number): SlowReaders {
  const looks = new Map<HttpResponse, Look>();
  const timer = setInterval(() => {
    for (const [response, look] of looks) {
      if (isStuck(response, look, pauseMs)) cut(response);
    }
  }, pauseMs / 4).unref();
  return {
    watch(response) {
      const look = { drains: 0, waitingBytes: 0, seenDrains: 0, sinceMs: performance.now() };
      looks.set(response, look);
      response.on("drain", () => {
        look.drains += 1;
      });
      response.once("close", () => looks.delete(response));
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function isStuck(response: HttpResponse, look: Look, pauseMs: number): boolean {
  const { drains } = look;
  const waitingBytes = isFull(response) ? response.writableLength : 0;
  // Whoever writes waits while the answer is full, so what waits gets less only because it is taken.
  if (waitingBytes === 0 || waitingBytes !== look.waitingBytes || drains !== look.seenDrains) {
    look.waitingBytes = waitingBytes;
    look.seenDrains = drains;
    look.sinceMs = performance.now();
    return false;
  }
  return performance.now() - look.sinceMs >= pauseMs;
}

const isFull = ({ writableNeedDrain, writableEnded }: HttpResponse): boolean =>
  writableNeedDrain || writableEnded;

function cut(response: HttpResponse): void {
  if ("stream" in response) response.stream?.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  else response.destroy();
}
