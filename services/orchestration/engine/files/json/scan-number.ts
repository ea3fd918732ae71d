import { type Cursor, excerpt, fail } from "./cursor.ts";
import { needMore } from "./json-error.ts";
import { type NumberText, recordNumber } from "./record-number.ts";
import { kind, type ValueNode } from "./value-node.ts";

const zero = 48;
const minus = 45;
const plus = 43;
const point = 46;

const isDigit = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= zero && byte <= 57 ? 1 : 0));
/** 1 for bytes that may follow a number. */
const endsNumber = Uint8Array.from({ length: 256 }, (_, byte) =>
  " \t\r\n,]}".includes(String.fromCharCode(byte)) ? 1 : 0,
);

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit[bytes[at] as number] === 1) at++;
  return at;
}

export function scanNumber(cursor: Cursor, node: ValueNode): void {
  const { bytes } = cursor;
  const begin = cursor.at;
  const from = bytes[begin] === minus ? begin + 1 : begin;
  const wholeEnd = skipDigits(bytes, from);
  const fractionEnd = bytes[wholeEnd] === point ? skipDigits(bytes, wholeEnd + 1) : wholeEnd;
  const to = skipExponent(bytes, fractionEnd);
  cursor.at = to;
  if (to >= cursor.end) throw needMore;
  const isValid =
    wholeEnd > from &&
    (wholeEnd === from + 1 || bytes[from] !== zero) &&
    isDigit[bytes[fractionEnd - 1] as number] === 1 &&
    isDigit[bytes[to - 1] as number] === 1 &&
    endsNumber[bytes[to] as number] === 1;
  if (!isValid) fail(cursor, `${excerpt(cursor, begin)} is no value of JSON`, begin);
  node.kinds |= kind.number;
  const text: NumberText = { from, point: wholeEnd, exponent: fractionEnd, to };
  recordNumber(node, bytes, text, from > begin);
}

function skipExponent(bytes: Uint8Array, from: number): number {
  if (((bytes[from] as number) | 32) !== 101) return from;
  const sign = bytes[from + 1];
  return skipDigits(bytes, sign === plus || sign === minus ? from + 2 : from + 1);
}
