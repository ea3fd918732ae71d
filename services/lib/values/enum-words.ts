/**
 * The word that rows store for an enum value; undefined for values that are never stored, such as UNSPECIFIED.
 */
export function wordOf<Word extends string, Value extends number>(
  words: Readonly<Record<Word, Value>>,
  value: Value,
): Word | undefined {
  return (Object.keys(words) as Word[]).find((word) => words[word] === value);
}
