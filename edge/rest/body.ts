import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpRequest } from "../http.ts";
import type { Compression } from "../rpc/compression.ts";
import { inflatePieces } from "./encoding/coded-request.ts";
import { bodyStalled } from "./http-error.ts";

/** A request whose body is still coming. */
export type Incoming = {
  readonly request: HttpRequest;
  /** How long its sender may pause in it, in milliseconds. */
  readonly pauseMs: number;
  /** What the body is compressed with, if it is. */
  readonly compression?: Compression | undefined;
};

/** The body piece by piece, no faster than they are taken. A sender that stalls or goes away is an error. */
export function readPieces(incoming: Incoming): AsyncGenerator<Buffer> {
  const pieces = rawPieces(incoming);
  return incoming.compression ? inflatePieces(pieces, incoming.compression) : pieces;
}

async function* rawPieces({ request, pauseMs }: Incoming): AsyncGenerator<Buffer> {
  // The request must survive that nobody reads on: its answer still has to be written.
  const pieces = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  for (;;) {
    const piece = await nextWithin(pieces, pauseMs);
    if (piece.done) return;
    yield piece.value;
  }
}

async function nextWithin(pieces: AsyncIterator<Buffer>, limitMs: number): Promise<IteratorResult<Buffer>> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(bodyStalled(limitMs / 1000)), limitMs);
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
