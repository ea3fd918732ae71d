import { invalidField } from "../../services/lib/rpc/errors.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** How deep objects and arrays may nest. */
const depthMax = 100;
/** Keys, objects and lists of a text, all together: each takes many times its bytes in memory. */
const membersMax = 100_000;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text that JSON's bytes are. */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidField("body", "is not UTF-8");
  }
}

/**
 * Reads JSON more strictly than JSON.parse: limited depth, so many keys, objects and lists, no key twice, no integer that
 * a double would change.
 */
export function parseJson(text: string): JsonValue {
  checkSettings(text);
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidField("body", `is not JSON: ${mistakeIn(error)}`);
  }
  scan(text);
  return value;
}

// V8 quotes the text around the mistake, which may be a whole password.
const mistakeIn = (error: unknown): string => {
  const { message } = error as Error;
  const position = /position \d+/.exec(message)?.[0];
  return position ? `unexpected character at ${position}` : "it ends early or is empty";
};

const [quote, backslash, colon] = [0x22, 0x5c, 0x3a];
const [braceOpen, braceClose, bracketOpen, bracketClose] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Refuses a large text of too many members before anything is made of it; it need not be JSON. */
function checkSettings(text: string): void {
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

/** How a character changes the depth. */
function stepOf(character: number): number {
  if (character === braceOpen || character === bracketOpen) return 1;
  return character === braceClose || character === bracketClose ? -1 : 0;
}

const nestedTooDeep = () => invalidField("body", `is nested deeper than ${depthMax}`);
const membersTooMany = () => invalidField("body", `has more than ${membersMax} keys, objects and lists`);

type Level = { readonly keys: Set<string> | undefined; label: string; index: number; atKey: boolean };

/** Walks over the tokens of a text that JSON.parse accepted. */
function scan(text: string): void {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const first = text[at] as string;
    if (first === '"') at = readString(levels, text, at);
    else if (first === "{" || first === "[") open(levels, first === "{");
    else if (first === "}" || first === "]") levels.pop();
    else if (first === ",") nextMember(levels.at(-1));
    else if (isDigit(first)) at = readDigits(levels, text, at);
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

/** Answers where the string ends that begins at `start`. */
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

/** Answers where the digits end that begin at `start`. */
function readDigits(levels: Level[], text: string, start: number): number {
  let end = start;
  while (isDigit(text[end + 1])) end += 1;
  if (end - start < exactDigitsMax || isPartOfFraction(text, start, end)) return end;
  if (!Number.isSafeInteger(Number(text.slice(start, end + 1)))) {
    throw invalidField(pathOf(levels) || "body", "is an integer beyond 2^53: write it as a string");
  }
  return end;
}

/** Whether digits are only a part of a number, which has a point or an exponent and is no integer. */
const isPartOfFraction = (text: string, start: number, end: number): boolean =>
  /[.eE]/.test(text.charAt(end + 1)) || /[.eE]/.test(text.slice(Math.max(0, start - 2), start));

function pathOf(levels: readonly Level[]): string {
  return levels
    .map(({ keys, label, index }) => (keys ? `.${label}` : `[${index}]`))
    .join("")
    .replace(/^\./, "");
}
