import { createGatherer } from "../http/gather.ts";

/** Messages of an upload carry at least this much, except the last, and at most `pieceBytesMax`. */
const pieceBytesMin = 256 * 1024;
const pieceBytesMax = 1024 * 1024;

/** Joins small pieces and cuts large ones: a message for each network packet would cost more than its bytes. */
export async function* coalesce(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const held = createGatherer();
  for await (const piece of pieces) {
    held.add(piece);
    if (held.byteLength >= pieceBytesMin) yield* cut(held.take());
  }
  yield* cut(held.take());
}

function* cut(whole: Buffer): Generator<Buffer> {
  for (let at = 0; at < whole.byteLength; at += pieceBytesMax) yield whole.subarray(at, at + pieceBytesMax);
}
