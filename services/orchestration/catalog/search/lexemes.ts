import { createHash } from "node:crypto";

// A lexeme begins with a mark of the organisation and a letter for its kind: each organisation has lists of its own in the
// index, and a name, a word and a filter are told apart without reading the row.

/** x: a whole name; n: a word of the name; i: a whole name of a column or a tag; w: any word. */
type WordKind = "x" | "n" | "i" | "w";
/** s: source; h: schema; t: tag; o: owner; p: class of personal data; a: namespace. */
type FilterKind = "s" | "h" | "t" | "o" | "p" | "a";

/** Longer texts are replaced by a hash: a lexeme has at most 2046 bytes. */
const charactersMax = 200;

const markOf = (orgId: string): string => hash(orgId).slice(0, 6);

export const wordLexeme = (orgId: string, kind: WordKind, text: string): string =>
  `${markOf(orgId)}${kind}${text.length <= charactersMax ? text : hash(text)}`;

/** Filters compare exactly, so that a hash is as good as the text. */
export const filterLexeme = (orgId: string, kind: FilterKind, value: string): string =>
  `${markOf(orgId)}${kind}${hash(value)}`;

const hash = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 16);

/** The lexeme as a part of a tsquery. */
export const quoteLexeme = (lexeme: string): string => `'${lexeme.replaceAll(/['\\]/g, "$&$&")}'`;
