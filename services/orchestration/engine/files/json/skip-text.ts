import { type Cursor, controlCharacter, fail } from "./cursor.ts";
import { needMore } from "./json-error.ts";

const quote = 34;
const backslash = 92;
const escapeBytesMax = 12;

/** 1 for bytes that end an unescaped run: quote, backslash, control characters. */
const endsPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 32 || byte === quote || byte === backslash ? 1 : 0,
);

/** Skips a string from after its opening quote to after its closing quote; returns whether it has escapes. */
export function skipText(cursor: Cursor): boolean {
  const { bytes, end } = cursor;
  let hasEscape = false;
  for (;;) {
    let { at } = cursor;
    while (endsPlain[bytes[at] as number] === 0) at++;
    cursor.at = at;
    if (at >= end) throw needMore;
    if (bytes[at] === quote) {
      cursor.at++;
      return hasEscape;
    }
    if (bytes[at] !== backslash) {
      fail(cursor, `a text has ${controlCharacter(bytes[at] as number)} in it that is not escaped`);
    }
    hasEscape = true;
    skipEscape(cursor);
  }
}

function skipEscape(cursor: Cursor): void {
  const { bytes, end, at } = cursor;
  if (at + escapeBytesMax > end && !hasTextEnd(cursor)) throw needMore;
  const escaped = String.fromCharCode(bytes[at + 1] as number);
  if (escaped === "u") cursor.at += skipUnits(cursor);
  else if ('"\\/bfnrt'.includes(escaped)) cursor.at += 2;
  else fail(cursor, `\\${escaped} is no escape of JSON`);
}

/** Length of an escaped character: one UTF-16 unit or a surrogate pair. */
function skipUnits(cursor: Cursor): number {
  const { bytes, at } = cursor;
  const unit = unitAt(cursor, at);
  if (unit < 0xd800 || unit > 0xdfff) return 6;
  const follows = bytes[at + 6] === backslash && bytes[at + 7] === 117;
  const low = unit < 0xdc00 && follows ? unitAt(cursor, at + 6) : 0;
  if (low < 0xdc00 || low > 0xdfff) fail(cursor, "a text has half of a surrogate pair");
  return escapeBytesMax;
}

/** Whether the block contains the closing quote, so that a short escape is invalid rather than cut off. */
function hasTextEnd({ bytes, end, at }: Cursor): boolean {
  for (let next = at + 2; next < end; next++) if (bytes[next] === quote) return true;
  return false;
}

function unitAt(cursor: Cursor, from: number): number {
  let unit = 0;
  for (let index = from + 2; index < from + 6; index++) {
    const digit = Number.parseInt(String.fromCharCode(cursor.bytes[index] ?? 0), 16);
    if (Number.isNaN(digit)) fail(cursor, "\\u is not followed by four hexadecimal digits", from);
    unit = unit * 16 + digit;
  }
  return unit;
}
