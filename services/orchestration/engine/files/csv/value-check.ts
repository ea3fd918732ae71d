import type { Form } from "./forms.ts";
import { fact, factCount, type Tally } from "./tally.ts";

/**
 * Looks at a value beyond its form: keeps the facts of its column, and answers its form, which is text (0) for a date that
 * no calendar has.
 */
export type ValueCheck = (
  bytes: Uint8Array,
  column: number,
  from: number,
  to: number,
  form: number,
) => number;

const zero = 48;
const nine = 57;
const minus = 45;
/** Digits that every integer of 64 bits, and the text of every double, has room for. */
const safeDigits = 18;
const doubleDigits = 15;
const sampledRows = 256;
const int64Max = "9223372036854775807";
const int64Min = "9223372036854775808";

const kinds = {
  text: 0,
  boolean: 0,
  integer: 1,
  decimal: 2,
  date: 3,
  time: 4,
  timestamp: 5,
  timestamptz: 6,
} as const;

const isDigit = (byte: number): boolean => byte >= zero && byte <= nine;

export function createValueCheck(tally: Tally, forms: readonly Form[], decimalMark: number): ValueCheck {
  const { facts, offsets } = tally;
  const kindOf = Uint8Array.from(forms, ({ kind }) => kinds[kind]);
  const isIso = Uint8Array.from(forms, ({ name }) => (/^(ISO|timestamp)/.test(name) ? 1 : 0));
  const yearFirst = Uint8Array.from(forms, ({ name }) => (/^(ISO|timestamp|year)/.test(name) ? 1 : 0));
  const negativeZero = forms.findIndex(({ name }) => name === "a number with leading zeros");

  /** What a double is written as takes long to find out: of the rest the engine finds it out while it writes. */
  const isSampled = (): boolean => tally.rowCount < sampledRows || tally.rowCount % sampledRows === 0;

  const raise = (at: number, value: number): void => {
    if (value > (facts[at] as number)) facts[at] = value;
  };
  const lower = (at: number, value: number): void => {
    if (value < (facts[at] as number)) facts[at] = value;
  };
  const add = (at: number): void => {
    if ((facts[at] as number) < 0x7fffffff) facts[at] = (facts[at] as number) + 1;
  };

  function checkInteger(bytes: Uint8Array, base: number, from: number, to: number): void {
    const begin = bytes[from] === minus ? from + 1 : from;
    const digits = to - begin;
    if (digits > (facts[base + fact.wholeDigits] as number)) facts[base + fact.wholeDigits] = digits;
    if (digits > doubleDigits) checkLongInteger(bytes, base, begin, to, begin > from);
  }

  function checkLongInteger(
    bytes: Uint8Array,
    base: number,
    begin: number,
    to: number,
    isNegative: boolean,
  ): void {
    const text = latin1(bytes, begin, to).replace(/[^0-9]/g, "");
    raise(base + fact.wholeDigits, text.length);
    if (isSampled() && !isDoubleText(text)) add(base + fact.inexactCount);
    if (text.length <= safeDigits) return;
    const most = isNegative ? int64Min : int64Max;
    if (text.length > most.length || (text.length === most.length && text > most)) add(base + fact.hugeCount);
  }

  /** Answers whether the value is a zero with a sign, which no number but a double's keeps. */
  function checkDecimal(bytes: Uint8Array, base: number, from: number, to: number): boolean {
    let point = to - 1;
    while (bytes[point] !== decimalMark) point -= 1;
    const isNegative = bytes[from] === minus;
    const begin = isNegative ? from + 1 : from;
    const whole = point - begin === 1 && bytes[begin] === zero ? 0 : point - begin;
    const fraction = to - 1 - point;
    if (isNegative && isZero(bytes, begin, to)) return true;
    raise(base + fact.wholeDigits, whole);
    raise(base + fact.fractionMax, fraction);
    lower(base + fact.fractionMin, fraction);
    if (bytes[to - 1] === zero && fraction > 1) add(base + fact.paddedCount);
    if (whole + fraction > doubleDigits && isSampled() && (facts[base + fact.inexactCount] as number) === 0) {
      const text = `${latin1(bytes, begin, point).replace(/[^0-9]/g, "")}.${latin1(bytes, point + 1, to)}`;
      if (!isDoubleText(text)) add(base + fact.inexactCount);
    }
    return false;
  }

  function isZero(bytes: Uint8Array, begin: number, to: number): boolean {
    for (let at = begin; at < to; at += 1) {
      const byte = bytes[at] as number;
      if (byte !== zero && isDigit(byte)) return false;
    }
    return true;
  }

  /** Answers where the date ends, or -1 when there is no such day. */
  function checkDate(bytes: Uint8Array, base: number, from: number, form: number): number {
    if (isIso[form] === 1) {
      const year = fourDigits(bytes, from);
      keepYear(base, year);
      const day = twoDigits(bytes, from + 8);
      return day > 28 && day > daysOf(year, twoDigits(bytes, from + 5)) ? -1 : from + 10;
    }
    let at = from;
    const parts: number[] = [];
    while (parts.length < 3) {
      let value = 0;
      while (isDigit(bytes[at] as number)) value = value * 10 + (bytes[at++] as number) - zero;
      parts.push(value);
      at += 1;
    }
    at -= 1;
    const [first = 0, second = 0, third = 0] = parts;
    if (yearFirst[form] === 1) {
      keepYear(base, first);
      return third > daysOf(first, second) ? -1 : at;
    }
    keepYear(base, third);
    raise(base + fact.firstPartMax, first);
    raise(base + fact.secondPartMax, second);
    const isDay = (day: number, month: number) => month <= 12 && day <= daysOf(third, month);
    return isDay(first, second) || isDay(second, first) ? at : -1;
  }

  function keepYear(base: number, year: number): void {
    lower(base + fact.yearMin, year);
    raise(base + fact.yearMax, year);
  }

  /** Keeps how many digits the seconds have behind the point; answers where the time ends. */
  function checkTime(bytes: Uint8Array, base: number, from: number, to: number): number {
    let at = from;
    while (at < to && (isDigit(bytes[at] as number) || bytes[at] === 58)) at += 1;
    if (bytes[at] !== 46 || at >= to) return at;
    const begin = at + 1;
    at = begin;
    while (at < to && isDigit(bytes[at] as number)) at += 1;
    raise(base + fact.secondFractionMax, at - begin);
    return at;
  }

  function checkOffset(bytes: Uint8Array, column: number, from: number, to: number): void {
    const offset = latin1(bytes, from, to);
    const known = offsets.get(column);
    if (known === undefined) offsets.set(column, offset);
    else if (known !== offset) add(column * factCount + fact.otherOffsetCount);
  }

  return (bytes, column, from, to, form) => {
    const base = column * factCount;
    if (to - from > (facts[base + fact.bytesMax] as number)) facts[base + fact.bytesMax] = to - from;
    const kind = kindOf[form] as number;
    if (kind === 0) return form;
    if (kind === 1) checkInteger(bytes, base, from, to);
    else if (kind === 2) {
      if (checkDecimal(bytes, base, from, to)) return negativeZero;
    } else if (kind === 4) checkTime(bytes, base, from, to);
    else {
      const dateEnd = checkDate(bytes, base, from, form);
      if (dateEnd < 0) return 0;
      if (kind === 3) return form;
      const end = checkTime(bytes, base, dateEnd + 1, to);
      if (kind === 6) checkOffset(bytes, column, end, to);
    }
    return form;
  };
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string => {
  let text = "";
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
};

const twoDigits = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) - zero) * 10 + (bytes[at + 1] as number) - zero;

const fourDigits = (bytes: Uint8Array, at: number): number =>
  twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Whether the nearest double is written as this number, but for zeros at the end of its fraction. */
function isDoubleText(text: string): boolean {
  const written = String(Number(text));
  return (
    written === text ||
    written === text.replace(/^(?=\.)/, "0").replace(/\.?0*$/, "") ||
    written === text.replace(/^(?=\.)/, "0")
  );
}
