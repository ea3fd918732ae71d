import type { HttpRequest } from "../http.ts";
import { createPace, type Place } from "../pace.ts";
import { streamTooLarge } from "./http-error.ts";

/** A request whose body is still coming, and how long its sender may pause in it, in milliseconds. */
export type Incoming = {
  readonly request: HttpRequest;
  readonly pauseMs: number;
  /** How long it may pause between messages; Infinity for as long as it likes. By default no longer than within one. */
  readonly betweenMs?: number;
  /** Largest body that is read in pieces, in bytes. */
  readonly streamBytesMax?: number;
};

/** The body piece by piece, no faster than they are taken. A sender that stalls or goes away is an error. */
export async function* readPieces(
  { request, pauseMs, betweenMs = pauseMs, streamBytesMax = Number.POSITIVE_INFINITY }: Incoming,
  place: Place = { between: false },
): AsyncGenerator<Buffer> {
  // The request must survive that nobody reads on: its answer still has to be written.
  const pieces = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  const pace = createPace(pauseMs, place, betweenMs);
  let bytes = 0;
  for (;;) {
    const piece = await pace.next(pieces);
    if (piece.done) return;
    bytes += piece.value.byteLength;
    if (bytes > streamBytesMax) throw streamTooLarge(streamBytesMax);
    yield piece.value;
  }
}
