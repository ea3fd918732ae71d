import { streamTooLarge } from "../errors/http-error.ts";
import type { Compression } from "./compression.ts";
import { inflateChunks } from "./encoding/coded-request.ts";
import type { HttpRequest } from "./http.ts";
import { createReadTimeout, type ReadState } from "./read-timeout.ts";
import { limitTinyChunks } from "./tiny-chunks.ts";

/** A request whose body is being received. */
export type Incoming = {
  readonly request: HttpRequest;
  /** Longest pause of the sender within a message, in milliseconds. */
  readonly pauseMs: number;
  /** Longest pause between messages; Infinity for no limit. Default: `pauseMs`. */
  readonly betweenMs?: number;
  /** Largest body, inflated, in bytes. Default: no limit. */
  readonly streamBytesMax?: number;
  /** Content coding of the body; undefined for none. */
  readonly compression?: Compression | undefined;
};

/** Reads the body in chunks, no faster than they are consumed. Throws if the sender stalls or disconnects. */
export async function* readChunks(
  incoming: Incoming,
  state: ReadState = { between: false },
): AsyncGenerator<Buffer> {
  const { compression, streamBytesMax = Number.POSITIVE_INFINITY } = incoming;
  const raw = rawChunks(incoming, state);
  let bytes = 0;
  for await (const chunk of compression ? inflateChunks(raw, compression) : raw) {
    bytes += chunk.byteLength;
    if (bytes > streamBytesMax) throw streamTooLarge(streamBytesMax);
    yield chunk;
  }
}

async function* rawChunks(
  { request, pauseMs, betweenMs = pauseMs }: Incoming,
  state: ReadState,
): AsyncGenerator<Buffer> {
  // Stopping to read must not destroy the request: its response is still to be sent.
  const chunks = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  const timeout = createReadTimeout(pauseMs, state, betweenMs);
  const countTiny = limitTinyChunks();
  for (;;) {
    const afterMessage = state.between;
    const chunk = await timeout.next(chunks);
    if (chunk.done) return;
    countTiny(chunk.value.byteLength, afterMessage);
    yield chunk.value;
  }
}
