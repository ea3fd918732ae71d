import { numberFact, type ValueNode } from "./value-node.ts";

const zero = 48;
/** Numbers with this many digits survive a round trip through a double. */
const doubleDigits = 15;
const int64Digits = 19;
const int64Max = "9223372036854775807";
const int64Min = "9223372036854775808";

/** A number in the text: its digits start at `from`; `point` and `exponent` are their offsets, or `to` if absent. */
export type NumberText = { from: number; point: number; exponent: number; to: number };

/** Records the requirements of a number on its type. */
export function recordNumber(
  node: ValueNode,
  bytes: Uint8Array,
  text: NumberText,
  isNegative: boolean,
): void {
  const whole = Math.min(text.point, text.exponent) - text.from;
  const wholeDigits = whole === 1 && bytes[text.from] === zero ? 0 : whole;
  const fractionDigits = text.point < text.exponent ? text.exponent - text.point - 1 : 0;
  if (wholeDigits > node.wholeDigits) node.wholeDigits = wholeDigits;
  if (fractionDigits > node.fractionDigits) node.fractionDigits = fractionDigits;
  if (fractionDigits > 0) node.numberFacts |= numberFact.hasFraction;
  else if (wholeDigits >= int64Digits && isHuge(bytes, text, isNegative))
    node.numberFacts |= numberFact.isHuge;
  if (text.exponent < text.to) recordDouble(node, bytes, text, numberFact.hasExponent);
  else if (wholeDigits + fractionDigits > doubleDigits) recordDouble(node, bytes, text, 0);
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

function recordDouble(node: ValueNode, bytes: Uint8Array, text: NumberText, facts: number): void {
  node.numberFacts |= facts;
  if (node.numberFacts & numberFact.isInexact) return;
  if (!isDoubleText(latin1(bytes, text.from, text.to))) node.numberFacts |= numberFact.isInexact;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** Whether the notation of the nearest double has the same significant digits and exponent. */
function isDoubleText(text: string): boolean {
  const written = String(Number(text));
  return written === text || canonicalNumber(written) === canonicalNumber(text);
}

/** The significant digits of a number and the exponent of the last one. */
function canonicalNumber(text: string): string {
  const [, whole = "", fraction = "", exponent = "0"] =
    /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (whole === "") return text;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
