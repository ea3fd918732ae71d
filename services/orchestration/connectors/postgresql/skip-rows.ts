/** A message of PostgreSQL's protocol: its kind, and its length with the four bytes of the length itself. */
const headBytes = 5;
const lengthMin = 4;
const copyData = "d".charCodeAt(0);

/**
 * The place behind whole rows of a COPY that follow each other from `at` on, none of which says that it is longer than
 * `lengthMax`. There are millions of them, each a message of its own.
 */
export function skipRows(piece: Buffer, at: number, lengthMax: number): number {
  const lastHead = piece.length - headBytes;
  let end = at;
  while (end <= lastHead && piece[end] === copyData) {
    const length =
      (piece[end + 1] as number) * 0x100_0000 +
      (((piece[end + 2] as number) << 16) | ((piece[end + 3] as number) << 8) | (piece[end + 4] as number));
    const next = end + 1 + length;
    if (length < lengthMin || length > lengthMax || next > piece.length) break;
    end = next;
  }
  return end;
}
