import { quoteLexeme, wordLexeme } from "./lexemes.ts";
import { joinWords, wordsOf } from "./words.ts";

/** Words of one query. The contract states it, too. */
export const queryWordsMax = 10;
/** Shorter words are no beginning of another one: they would find nearly everything. */
const prefixCharactersMin = 2;

/** Words of a query, as the texts of PostgreSQL's tsquery. */
export type SearchQuery = {
  readonly words: readonly string[];
  /** The whole query as one name. */
  readonly key: string;
  /** Tables of exactly this name. */
  readonly name: string;
  /** Tables whose names have all of the words; undefined without words. */
  readonly nameWords: string | undefined;
  /** Tables with a column or a tag of exactly this name. */
  readonly part: string | undefined;
  /** Tables that have all of the words. */
  readonly allWords: string | undefined;
  /** Tables that have words which begin with those of the query. */
  readonly prefixes: string | undefined;
};

export function searchQuery(orgId: string, text: string): SearchQuery {
  const words = [...new Set(wordsOf(text))];
  const key = joinWords(text);
  const all = (kind: "n" | "w") =>
    words.map((word) => quoteLexeme(wordLexeme(orgId, kind, word))).join(" & ");
  const some = words.length > 0;
  return {
    words,
    key,
    name: quoteLexeme(wordLexeme(orgId, "x", key)),
    nameWords: some ? all("n") : undefined,
    part: some ? quoteLexeme(wordLexeme(orgId, "i", key)) : undefined,
    allWords: some ? all("w") : undefined,
    prefixes: some ? words.map((word) => prefixOf(orgId, word)).join(" & ") : undefined,
  };
}

const prefixOf = (orgId: string, word: string): string => {
  const lexeme = quoteLexeme(wordLexeme(orgId, "w", word));
  return [...word].length < prefixCharactersMin ? lexeme : `${lexeme}:*`;
};

/** The words with similar ones beside each, as a tsquery; undefined if no word has any. */
export function similarQuery(
  orgId: string,
  words: readonly string[],
  similar: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  if (![...similar.values()].some((others) => others.length > 0)) return undefined;
  return words
    .map((word) => {
      const others = (similar.get(word) ?? []).map((other) => quoteLexeme(wordLexeme(orgId, "w", other)));
      return `(${[prefixOf(orgId, word), ...others].join(" | ")})`;
    })
    .join(" & ");
}
