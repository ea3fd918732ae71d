/**
 * The word by which rows spell a value of a contract's enum, of the words with their values; undefined for a value that
 * rows never have, as the unspecified one.
 */
export function wordOf<Word extends string, Value extends number>(
  words: Readonly<Record<Word, Value>>,
  value: Value,
): Word | undefined {
  return (Object.keys(words) as Word[]).find((word) => words[word] === value);
}
