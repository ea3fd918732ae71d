import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpRequest } from "../http.ts";
import { bodyStalled } from "./http-error.ts";

/** How long a sender may pause within a body, in milliseconds. */
const stallMs = 60_000;

/** The body piece by piece, no faster than they are taken. A sender that stalls or goes away is an error. */
export async function* readPieces(request: HttpRequest): AsyncGenerator<Buffer> {
  // The request must survive that nobody reads on: its answer still has to be written.
  const pieces = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  for (;;) {
    const piece = await nextWithin(pieces, stallMs);
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
