/** Longest word, in characters: of a longer one, only its beginning is searched. */
const wordCharactersMax = 64;

/** Letters and digits, or one emoji or flag. Everything else ends a word. */
const word = /[\p{L}\p{N}]+|\p{Extended_Pictographic}|\p{RI}{2}/gu;
/** Where `orderItems` and `HTTPServer` have two words. */
const hump = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu;

/** The words of a text, without case and accents, in their order. */
export function wordsOf(text: string): string[] {
  const parts = text.normalize("NFC").replace(hump, " ");
  return [...foldText(parts).matchAll(word)].map(([found]) => cutWord(found));
}

/** A name as its words joined: `order_items`, `orderItems` and `Order Items` are one. Signs alone stay as they are. */
export const joinWords = (text: string): string => wordsOf(text).join("") || foldText(text).trim();

/** Upper case first: it makes one of letters that lower case keeps apart, such as `ß` and `ss`. */
const foldText = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toUpperCase()
    .toLowerCase()
    .replaceAll("ς", "σ")
    .normalize("NFC");

const cutWord = (text: string): string =>
  text.length <= wordCharactersMax ? text : [...text].slice(0, wordCharactersMax).join("");
