/** Conversions between the words that rows store and the values of an enum. */
export const enumWords = <Word extends string, Value extends number>(
  values: Readonly<Record<Word, Value>>,
) => ({
  toValue: (word: Word): Value => values[word],
  /** Undefined for values that are never stored, such as UNSPECIFIED. */
  toWord: (value: Value): Word | undefined =>
    (Object.keys(values) as Word[]).find((word) => values[word] === value),
});
