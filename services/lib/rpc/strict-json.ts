import { invalidField } from "./errors.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Deepest nesting of objects and arrays. */
const depthMax = 100;
/** Most keys, objects and arrays of a text together: each takes many times its bytes in memory. */
const membersMax = 100_000;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidField("body", "is not UTF-8");
  }
}

/**
 * Parses JSON more strictly than JSON.parse: it limits depth and members, and rejects duplicate keys and integers that a
 * double can't represent.
 */
export function parseJson(text: string): JsonValue {
  const value = parse(text);
  scan(text, true);
  return value;
}

/** Parses JSON whose text is kept: as `parseJson`, but numbers that a double can't represent are accepted. */
export function parseKeptJson(text: string): JsonValue {
  const value = parse(text);
  scan(text, false);
  return value;
}

function parse(text: string): JsonValue {
  checkMembers(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidField("body", `is not JSON: ${mistakeIn(error)}`);
  }
}

// V8 quotes the text around the mistake, which can be a password.
const mistakeIn = (error: unknown): string => {
  const { message } = error as Error;
  const position = /position \d+/.exec(message)?.[0];
  return position ? `unexpected character at ${position}` : "it ends early or is empty";
};

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [braceOpen, braceClose, bracketOpen, bracketClose] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Rejects a large text of too many members before it is parsed. */
function checkMembers(text: string): void {
  if (text.length <= membersMax) return;
  let [members, depth] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const first = text.charCodeAt(at);
    if (first === quote) at = endOfString(text, at);
    const step = stepOf(first);
    depth += step;
    if (depth > depthMax) throw nestedTooDeep();
    if (step > 0 || first === colon) members += 1;
    if (members > membersMax) throw membersTooMany();
  }
}

function stepOf(character: number): number {
  if (character === braceOpen || character === bracketOpen) return 1;
  return character === braceClose || character === bracketClose ? -1 : 0;
}

/**
 * The texts of the elements of a JSON array, which `parseJson` or `parseKeptJson` has to check one by one. Undefined if
 * the text is no array. At most `elementsMax`, and one more to show that there are more.
 */
export function splitArray(text: string, elementsMax: number): string[] | undefined {
  const [open, close] = [text.search(/\S/), text.trimEnd().length - 1];
  if (open === close || text[open] !== "[" || text[close] !== "]") return undefined;
  const elements: string[] = [];
  let [depth, start] = [0, open + 1];
  for (let at = start; at < close; at += 1) {
    const first = text.charCodeAt(at);
    if (first === quote) at = endOfString(text, at);
    depth += stepOf(first);
    if (depth < 0) return undefined;
    if (first !== comma || depth > 0) continue;
    if (elements.length > elementsMax) return elements;
    elements.push(text.slice(start, at).trim());
    start = at + 1;
  }
  const last = text.slice(start, close).trim();
  return last === "" && elements.length === 0 ? elements : [...elements, last];
}

const nestedTooDeep = () => invalidField("body", `is nested deeper than ${depthMax}`);
const membersTooMany = () => invalidField("body", `has more than ${membersMax} keys, objects and lists`);

type Level = { readonly keys: Set<string> | undefined; label: string; index: number; atKey: boolean };

/** Checks the tokens of a valid JSON text. */
function scan(text: string, isExact: boolean): void {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const first = text[at] as string;
    if (first === '"') at = readString(levels, text, at);
    else if (first === "{" || first === "[") open(levels, first === "{");
    else if (first === "}" || first === "]") levels.pop();
    else if (first === ",") nextMember(levels.at(-1));
    else if (isExact && isDigit(first)) at = readDigits(levels, text, at);
  }
}

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= "0" && character <= "9";

function open(levels: Level[], isObject: boolean): void {
  if (levels.length >= depthMax) throw nestedTooDeep();
  levels.push({ keys: isObject ? new Set() : undefined, label: "", index: 0, atKey: isObject });
}

function nextMember(level: Level | undefined): void {
  if (!level) return;
  level.atKey = level.keys !== undefined;
  level.index += 1;
}

/** Checks the string at `start`, and returns the index of its last character. */
function readString(levels: Level[], text: string, start: number): number {
  const end = endOfString(text, start);
  const level = levels.at(-1);
  if (!level?.keys || !level.atKey) return end;
  const inner = text.slice(start + 1, end);
  level.label = inner.includes("\\") ? JSON.parse(`"${inner}"`) : inner;
  level.atKey = false;
  if (level.keys.has(level.label)) throw invalidField(pathOf(levels), "is there more than once");
  level.keys.add(level.label);
  return end;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (let next = text.charCodeAt(at); at < text.length && next !== quote; next = text.charCodeAt(at)) {
    at += next === backslash ? 2 : 1;
  }
  return at;
}

/** Integers of fewer digits are exact in a double. */
const exactDigitsMax = 15;

/** Checks the digits at `start`, and returns the index of the last one. */
function readDigits(levels: Level[], text: string, start: number): number {
  let end = start;
  while (isDigit(text[end + 1])) end += 1;
  if (end - start < exactDigitsMax || isPartOfFraction(text, start, end)) return end;
  if (!Number.isSafeInteger(Number(text.slice(start, end + 1)))) {
    throw invalidField(pathOf(levels) || "body", "is an integer beyond 2^53: write it as a string");
  }
  return end;
}

/** Whether the number around some digits has a point or an exponent. */
const isPartOfFraction = (text: string, start: number, end: number): boolean =>
  /[.eE]/.test(text.charAt(end + 1)) || /[.eE]/.test(text.slice(Math.max(0, start - 2), start));

function pathOf(levels: readonly Level[]): string {
  return levels
    .map(({ keys, label, index }) => (keys ? `.${label}` : `[${index}]`))
    .join("")
    .replace(/^\./, "");
}
