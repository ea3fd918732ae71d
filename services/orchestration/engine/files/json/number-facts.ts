import { numberFact, type ValueNode } from "./value-node.ts";

const zero = 48;
/** Digits of every number whose double is written the same. */
const doubleDigits = 15;
const int64Digits = 19;
const int64Max = "9223372036854775807";
const int64Min = "9223372036854775808";

/** A number in the text: digits begin at `from`, the point is at `point` and the exponent at `exponent`, or these are `to`. */
export type NumberText = { from: number; point: number; exponent: number; to: number };

/** Keeps what a number takes of its type. */
export function noteNumber(node: ValueNode, bytes: Uint8Array, text: NumberText, isNegative: boolean): void {
  const whole = Math.min(text.point, text.exponent) - text.from;
  const wholeDigits = whole === 1 && bytes[text.from] === zero ? 0 : whole;
  const fractionDigits = text.point < text.exponent ? text.exponent - text.point - 1 : 0;
  if (wholeDigits > node.wholeDigits) node.wholeDigits = wholeDigits;
  if (fractionDigits > node.fractionDigits) node.fractionDigits = fractionDigits;
  if (fractionDigits > 0) node.numberFacts |= numberFact.hasFraction;
  else if (wholeDigits >= int64Digits && isHuge(bytes, text, isNegative))
    node.numberFacts |= numberFact.isHuge;
  if (text.exponent < text.to) noteDouble(node, bytes, text, numberFact.hasExponent);
  else if (wholeDigits + fractionDigits > doubleDigits) noteDouble(node, bytes, text, 0);
  if (isNegative && fractionDigits > 0 && isZero(bytes, text)) node.numberFacts |= numberFact.isNegativeZero;
}

function isHuge(bytes: Uint8Array, { from, to }: NumberText, isNegative: boolean): boolean {
  if (to - from > int64Digits) return true;
  return latin1(bytes, from, to) > (isNegative ? int64Min : int64Max);
}

function isZero(bytes: Uint8Array, { from, exponent }: NumberText): boolean {
  for (let at = from; at < exponent; at++) if (bytes[at] !== zero && bytes[at] !== 46) return false;
  return true;
}

function noteDouble(node: ValueNode, bytes: Uint8Array, text: NumberText, facts: number): void {
  node.numberFacts |= facts;
  if (node.numberFacts & numberFact.isNoDouble) return;
  if (!isDoubleText(latin1(bytes, text.from, text.to))) node.numberFacts |= numberFact.isNoDouble;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Whether the nearest double is written with the same digits at the same places. */
export function isDoubleText(text: string): boolean {
  const written = String(Number(text));
  return written === text || plainOf(written) === plainOf(text);
}

/** A number's digits without zeros at either end, and the exponent of the last one. */
function plainOf(text: string): string {
  const [, whole = "", fraction = "", exponent = "0"] =
    /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === "") return text;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
