/** Typing errors that a word may have: none in a short one, whose neighbours are other words. */
export function errorsAllowed(word: string): number {
  const { length } = [...word];
  return length < 4 ? 0 : length < 8 ? 1 : 2;
}

/**
 * Whether two words differ by at most this many typing errors: a character inserted, left out, replaced, or exchanged with the
 * next one.
 */
export function isSimilar(one: string, other: string, errorsMax: number): boolean {
  const [left, right] = [[...one], [...other]];
  if (Math.abs(left.length - right.length) > errorsMax) return false;
  /** Errors between the beginnings of both words; rows and columns are their lengths. */
  const errors = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => errors[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (const [row, letter] of left.entries()) {
    const current = [row + 1];
    errors.push(current);
    for (const [column, letterOfOther] of right.entries()) {
      const isExchange = letter === right[column - 1] && left[row - 1] === letterOfOther;
      current.push(
        Math.min(
          at(row, column + 1) + 1,
          at(row + 1, column) + 1,
          at(row, column) + (letter === letterOfOther ? 0 : 1),
          isExchange ? at(row - 1, column - 1) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    if (Math.min(...current) > errorsMax) return false;
  }
  return at(left.length, right.length) <= errorsMax;
}
