import { type Cursor, skipSpace, skipWord } from "../../engine/files/json/cursor.ts";
import { JsonError } from "../../engine/files/json/json-error.ts";
import { skipText } from "../../engine/files/json/skip-text.ts";

/** A part of a page's bytes. */
export type Range = { readonly from: number; readonly to: number };

/** A pointer whose first names led to the value at hand. */
export type Wanted = { readonly index: number; readonly names: readonly string[] };

/** Nesting limit, as in files. */
const depthMax = 100;
const quote = 34;
const comma = 44;
const colon = 58;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/** Skips a value, and notes in `found` where the wanted ones are. Throws JsonError, or needMore at the end of the bytes. */
export function walk(
  cursor: Cursor,
  wanted: readonly Wanted[] = [],
  found: (Range | undefined)[] = [],
  depth = 0,
): void {
  const byte = skipSpace(cursor, false);
  const from = cursor.at;
  if (depth > depthMax) throw new JsonError(from, `values are nested more than ${depthMax} levels deep`);
  if (byte === openBrace) walkObject(cursor, wanted, found, depth);
  else if (byte === openBracket) walkList(cursor, wanted, found, depth);
  else skipScalar(cursor, byte);
  for (const { index, names } of wanted) if (names.length === 0) found[index] = { from, to: cursor.at };
}

function walkObject(
  cursor: Cursor,
  wanted: readonly Wanted[],
  found: (Range | undefined)[],
  depth: number,
): void {
  const seen = new Set<string>();
  eachEntry(cursor, closeBrace, () => {
    const at = cursor.at;
    const name = readName(cursor, wanted.length > 0);
    const below = under(wanted, name);
    if (below.length > 0) {
      if (seen.has(name)) throw new JsonError(at, `an object has the name ${JSON.stringify(name)} twice`);
      seen.add(name);
    }
    if (skipSpace(cursor, false) !== colon) throw new JsonError(cursor.at, "a colon is expected");
    cursor.at += 1;
    walk(cursor, below, found, depth + 1);
  });
}

function walkList(
  cursor: Cursor,
  wanted: readonly Wanted[],
  found: (Range | undefined)[],
  depth: number,
): void {
  let index = 0;
  eachElement(cursor, () => {
    walk(cursor, under(wanted, String(index)), found, depth + 1);
    index += 1;
  });
}

/** Whether a list begins here. */
export const isList = ({ bytes }: Cursor, at: number): boolean => bytes[at] === openBracket;

/** Calls `element` at each element of the list that begins here; it has to skip the element. */
export const eachElement = (cursor: Cursor, element: () => void): void =>
  eachEntry(cursor, closeBracket, element);

function eachEntry(cursor: Cursor, close: number, entry: () => void): void {
  cursor.at += 1;
  if (skipSpace(cursor, false) === close) {
    cursor.at += 1;
    return;
  }
  for (;;) {
    skipSpace(cursor, false);
    entry();
    const next = skipSpace(cursor, false);
    cursor.at += 1;
    if (next === close) return;
    if (next !== comma)
      throw new JsonError(cursor.at - 1, "a comma or the end of an object or list is expected");
  }
}

const under = (wanted: readonly Wanted[], name: string): readonly Wanted[] =>
  wanted.length === 0
    ? wanted
    : wanted.flatMap(({ index, names }) => (names[0] === name ? [{ index, names: names.slice(1) }] : []));

/** Skips the name of a member; returns it if it is wanted. */
function readName(cursor: Cursor, isWanted: boolean): string {
  const from = cursor.at;
  if (cursor.bytes[from] !== quote) throw new JsonError(from, "a name in quotes is expected");
  cursor.at += 1;
  skipText(cursor);
  return isWanted
    ? (JSON.parse(Buffer.from(cursor.bytes.subarray(from, cursor.at)).toString()) as string)
    : "";
}

const isOfNumber = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-+0-9.eE]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const words: Readonly<Record<string, string>> = { t: "true", f: "false", n: "null" };

function skipScalar(cursor: Cursor, byte: number): void {
  const word = words[String.fromCharCode(byte)];
  if (word !== undefined) skipWord(cursor, word);
  else if (byte === quote) {
    cursor.at += 1;
    skipText(cursor);
  } else skipNumber(cursor);
}

function skipNumber(cursor: Cursor): void {
  const from = cursor.at;
  while (isOfNumber[cursor.bytes[cursor.at] ?? 0] === 1) cursor.at += 1;
  const number = Buffer.from(cursor.bytes.subarray(from, cursor.at)).toString("latin1");
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(number)) {
    throw new JsonError(from, "there is no value of JSON");
  }
}
