import { streamTooLarge } from "../errors/http-error.ts";
import type { Compression } from "./compression.ts";
import { inflatePieces } from "./encoding/coded-request.ts";
import type { HttpRequest } from "./http.ts";
import { createPace, type Place } from "./pace.ts";
import { boundTinyPieces } from "./tiny-pieces.ts";

/** A request whose body is still coming. */
export type Incoming = {
  readonly request: HttpRequest;
  /** How long its sender may pause in it, in milliseconds. */
  readonly pauseMs: number;
  /** How long it may pause between messages; Infinity for as long as it likes. By default no longer than within one. */
  readonly betweenMs?: number;
  /** Largest body that is read in pieces, inflated, in bytes. */
  readonly streamBytesMax?: number;
  /** What the body is compressed with, if it is. */
  readonly compression?: Compression | undefined;
};

/** The body piece by piece, no faster than they are taken. A sender that stalls or goes away is an error. */
export async function* readPieces(
  incoming: Incoming,
  place: Place = { between: false },
): AsyncGenerator<Buffer> {
  const { compression, streamBytesMax = Number.POSITIVE_INFINITY } = incoming;
  const raw = rawPieces(incoming, place);
  let bytes = 0;
  for await (const piece of compression ? inflatePieces(raw, compression) : raw) {
    bytes += piece.byteLength;
    if (bytes > streamBytesMax) throw streamTooLarge(streamBytesMax);
    yield piece;
  }
}

async function* rawPieces(
  { request, pauseMs, betweenMs = pauseMs }: Incoming,
  place: Place,
): AsyncGenerator<Buffer> {
  // The request must survive that nobody reads on: its answer still has to be written.
  const pieces = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  const pace = createPace(pauseMs, place, betweenMs);
  const countTiny = boundTinyPieces();
  for (;;) {
    const afterMessage = place.between;
    const piece = await pace.next(pieces);
    if (piece.done) return;
    countTiny(piece.value.byteLength, afterMessage);
    yield piece.value;
  }
}
