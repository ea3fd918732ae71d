/** Head of a message: its type, and its length, which includes the four bytes of the length itself. */
const headBytes = 5;
const lengthMin = 4;
const copyData = "d".charCodeAt(0);

/**
 * Skips consecutive complete rows of a COPY from `at`, up to one that is longer than `lengthMax`. Returns the position after
 * them. This is a hot loop: millions of rows are a message each.
 */
export function skipRows(chunk: Buffer, at: number, lengthMax: number): number {
  const lastHead = chunk.length - headBytes;
  let end = at;
  while (end <= lastHead && chunk[end] === copyData) {
    const length =
      (chunk[end + 1] as number) * 0x100_0000 +
      (((chunk[end + 2] as number) << 16) | ((chunk[end + 3] as number) << 8) | (chunk[end + 4] as number));
    const next = end + 1 + length;
    if (length < lengthMin || length > lengthMax || next > chunk.length) break;
    end = next;
  }
  return end;
}
