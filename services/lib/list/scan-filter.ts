import { listFieldInvalid, quoted } from "./list-error.ts";

/** Longest filter, in characters. The contract states it, too. */
const filterLengthMax = 2000;

export type Token = {
  readonly kind: "(" | ")" | "operator" | "word" | "quoted" | "end";
  /** Without quotes and escapes. */
  readonly text: string;
  /** Of its first character, from 1. */
  readonly position: number;
};

const space = /[ \t\r\n]*/y;
const operator = /!=|<=|>=|[=<>:]/y;
/** A name ends at an operator, but a value does not: times contain colons. */
const name = /[^\s()"'=<>!:\\]+/y;
const bareValue = /[^\s()"'\\]+/y;

/** Cuts a filter into tokens. The last one is `end`. */
export function scanFilter(text: string): Token[] {
  if (text.length > filterLengthMax)
    throw problemAt(filterLengthMax, `longer than ${filterLengthMax} characters`);
  if (!text.isWellFormed() || text.includes("\0")) {
    throw problemAt(0, "a character that no text may contain (NUL, or half of a surrogate pair)");
  }
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const { token, end } = scanToken(text, at, tokens.at(-1)?.kind === "operator");
    tokens.push(token);
    at = skipSpace(text, end);
  }
  return [...tokens, { kind: "end", text: "", position: text.length + 1 }];
}

type Scanned = { readonly token: Token; readonly end: number };

function scanToken(text: string, at: number, isValue: boolean): Scanned {
  const position = at + 1;
  const first = text.charAt(at);
  if (first === "(" || first === ")") return { token: { kind: first, text: first, position }, end: at + 1 };
  if (first === '"' || first === "'") return scanQuoted(text, at, first);
  const sign = match(operator, text, at);
  if (sign !== undefined && isValue) throw problemAt(at, `operator ${quoted(sign)} instead of a value`);
  if (sign !== undefined) {
    return { token: { kind: "operator", text: sign, position }, end: at + sign.length };
  }
  const word = match(isValue ? bareValue : name, text, at);
  if (word === undefined) throw problemAt(at, `unexpected character ${quoted(first)}`);
  return { token: { kind: "word", text: word, position }, end: at + word.length };
}

/** A backslash stands before a quote or another backslash only. */
function scanQuoted(text: string, start: number, quote: string): Scanned {
  let value = "";
  for (let at = start + 1; at < text.length; at++) {
    let character = text.charAt(at);
    if (character === quote) {
      return { token: { kind: "quoted", text: value, position: start + 1 }, end: at + 1 };
    }
    if (character === "\\") {
      at++;
      character = text.charAt(at);
      if (!`"'\\`.includes(character) || character === "") {
        throw problemAt(at - 1, "a backslash that is not before a quote or a backslash");
      }
    }
    value += character;
  }
  throw problemAt(start, "a quote that is not closed");
}

function skipSpace(text: string, at: number): number {
  return at + (match(space, text, at) ?? "").length;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const problemAt = (at: number, problem: string) => listFieldInvalid("filter", at + 1, problem);
