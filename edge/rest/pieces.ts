/** Messages of an upload carry at least this much, except the last, and at most `pieceBytesMax`. */
const pieceBytesMin = 256 * 1024;
const pieceBytesMax = 1024 * 1024;

/** Joins small pieces and cuts large ones: a message for each network packet would cost more than its bytes. */
export async function* coalesce(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.byteLength;
    if (bytes < pieceBytesMin) continue;
    yield* cut(held);
    held = [];
    bytes = 0;
  }
  yield* cut(held);
}

function* cut(held: readonly Buffer[]): Generator<Buffer> {
  const whole = held.length === 1 && held[0] ? held[0] : Buffer.concat(held);
  for (let at = 0; at < whole.byteLength; at += pieceBytesMax) yield whole.subarray(at, at + pieceBytesMax);
}
