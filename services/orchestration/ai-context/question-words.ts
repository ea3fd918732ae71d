import { wordsOf } from "../catalog/search/words.ts";

/** Words of one question that are searched. The contract states it, too. */
const wordsMax = 40;
/** Shorter stems begin too many words. */
const stemCharactersMin = 4;

/** Words that say nothing about what a question is about. */
const stopWords = new Set(
  `a about above after all also am an and any are as at be because been before being below between both but by can could did do
  does each else every few for from get give had has have he her here him his how i if in into is it its just last least less
  list many may me more most much my no nor not now of off on once only or other our out over own per please put same she should
  show so some something still such tell than that the their them then there these they this those through to too total under
  until up us use very was we were what when where which while who whose why will with without would you your`.split(
    /\s+/,
  ),
);

/** A word of a question. */
export type QuestionWord = {
  /** The word in the forms that a name can have: its singular and plural. */
  readonly forms: readonly string[];
  /** The beginning of other forms; undefined if it is short. */
  readonly stem: string | undefined;
};

/** The words that a question is about, and pairs of them that are one word in names, as `line items` is. */
export function questionWords(text: string): QuestionWord[] {
  const words = wordsOf(text);
  const said = words.filter((word) => !stopWords.has(word));
  const pairs = words.flatMap((word, index) => {
    const next = words[index + 1];
    return next === undefined || stopWords.has(word) || stopWords.has(next) ? [] : [word + next];
  });
  const byForms = new Map<string, QuestionWord>();
  for (const word of said) {
    const forms = formsOf(word);
    byForms.set(forms[0] ?? word, { forms, stem: stemOf(word) });
  }
  for (const pair of pairs) {
    const forms = formsOf(pair);
    if (!byForms.has(forms[0] ?? pair)) byForms.set(forms[0] ?? pair, { forms, stem: undefined });
  }
  return [...byForms.values()].slice(0, wordsMax);
}

/** The singular first. */
function formsOf(word: string): string[] {
  const singular = singularOf(word);
  const plurals = singular.endsWith("y")
    ? [`${singular.slice(0, -1)}ies`, `${singular}s`]
    : [`${singular}s`, `${singular}es`];
  return [...new Set([singular, word, ...plurals])];
}

function singularOf(word: string): string {
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith("s") && !/(?:ss|us|is)$/.test(word)) return word.slice(0, -1);
  return word;
}

/** Without the endings of English verbs and nouns. */
function stemOf(word: string): string | undefined {
  const stem = singularOf(word).replace(/(?<=.{4})(?:ations?|ments?|ing|ed|er|ly|al|ion|e|y)$/, "");
  return [...stem].length < stemCharactersMin ? undefined : stem;
}
