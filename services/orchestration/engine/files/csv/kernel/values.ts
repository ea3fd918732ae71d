import { decimalMark, facts, flags, kinds, offsets, paddedForm } from "./layout";

// Facts of values beyond their form, indexed as `fact` in tally.ts.

const wholeDigits: u32 = 0;
const fractionMin: u32 = 1;
const fractionMax: u32 = 2;
const paddedCount: u32 = 3;
const hugeCount: u32 = 4;
const inexactCount: u32 = 5;
const firstPartMax: u32 = 6;
const secondPartMax: u32 = 7;
const yearMin: u32 = 8;
const yearMax: u32 = 9;
const secondFractionMax: u32 = 10;
const otherOffsetCount: u32 = 11;
const bytesMax: u32 = 12;
const factBytes: u32 = 13 * 4;

const zero: u32 = 48;
const minus: u32 = 45;
const colon: u32 = 58;
const point: u32 = 46;

/** Numbers with this many digits survive a round trip through a double. */
const doubleDigits: u32 = 15;

/** Kinds of forms as numbered by the host. */
const integer: u32 = 1;
const decimal: u32 = 2;
const date: u32 = 3;
const time: u32 = 4;
const timestamptz: u32 = 6;
const isIso: u32 = 1;
const isYearFirst: u32 = 2;
const isGrouped: u32 = 4;

/** Whether the number equals the notation of its nearest double. */
// @ts-expect-error: decorator
@external("service", "isDoubleText")
declare function isDoubleText(from: usize, to: usize): bool;

// @ts-expect-error: decorator
@inline
function raise(at: usize, value: i32): void {
  if (value > load<i32>(at)) store<i32>(at, value);
}

// @ts-expect-error: decorator
@inline
function lower(at: usize, value: i32): void {
  if (value < load<i32>(at)) store<i32>(at, value);
}

// @ts-expect-error: decorator
@inline
function add(at: usize): void {
  store<i32>(at, load<i32>(at) + 1);
}

// @ts-expect-error: decorator
@inline
function isDigit(byte: u32): bool {
  return byte - zero <= 9;
}

/** Updates the facts of a column by a value; returns its form, which is text (0) for a date outside of the calendar. */
export function keep(column: u32, from: usize, to: usize, form: i32, isSampled: bool): i32 {
  const base = facts + column * factBytes;
  raise(base + bytesMax * 4, <i32>(to - from));
  const kind: u32 = load<u8>(kinds + form);
  if (kind == 0) return form;
  if (kind == integer) {
    keepInteger(base, from, to, form, isSampled);
    return form;
  }
  if (kind == decimal) return keepDecimal(base, from, to, form, isSampled);
  if (kind == time) {
    keepSeconds(base, from, to);
    return form;
  }
  const dateEnd = keepDate(base, from, form);
  if (dateEnd == 0) return 0;
  if (kind == date) return form;
  const end = keepSeconds(base, dateEnd + 1, to);
  if (kind == timestamptz) keepOffset(base, column, end, to);
  return form;
}

function keepInteger(base: usize, from: usize, to: usize, form: i32, isSampled: bool): void {
  const begin = from + <usize>(load<u8>(from) == minus);
  const digits = load<u8>(flags + form) & isGrouped ? countDigits(begin, to) : <u32>(to - begin);
  raise(base + wholeDigits * 4, digits);
  if (digits <= doubleDigits) return;
  if (isSampled && !isDoubleText(begin, to)) add(base + inexactCount * 4);
  if (digits > 18 && isHuge(begin, to, digits, begin > from)) add(base + hugeCount * 4);
}

function countDigits(from: usize, to: usize): u32 {
  let count: u32 = 0;
  for (let at = from; at < to; at++) count += <u32>isDigit(load<u8>(at));
  return count;
}

/** Whether an integer exceeds 64 bits: the limit is 9223372036854775807, or one more if negative. */
function isHuge(begin: usize, to: usize, digits: u32, isNegative: bool): bool {
  if (digits != 19) return true;
  let value: u64 = 0;
  for (let at = begin; at < to; at++) {
    if (isDigit(load<u8>(at))) value = value * 10 + <u64>(load<u8>(at) - <u8>zero);
  }
  return value > (<u64>i64.MAX_VALUE) + <u64>isNegative;
}

/** Negative zero is not a decimal, since only doubles represent it. */
function keepDecimal(base: usize, from: usize, to: usize, form: i32, isSampled: bool): i32 {
  const begin = from + <usize>(load<u8>(from) == minus);
  let mark = to - 1;
  while (load<u8>(mark) != decimalMark) mark--;
  const fraction = <i32>(to - 1 - mark);
  let whole = load<u8>(flags + form) & isGrouped ? <i32>countDigits(begin, mark) : <i32>(mark - begin);
  if (whole == 1 && load<u8>(begin) == zero) whole = 0;
  if (begin > from && isZero(begin, to)) return paddedForm;
  raise(base + wholeDigits * 4, whole);
  raise(base + fractionMax * 4, fraction);
  lower(base + fractionMin * 4, fraction);
  if (fraction > 1 && load<u8>(to - 1) == zero) add(base + paddedCount * 4);
  if (isSampled && <u32>(whole + fraction) > doubleDigits && load<i32>(base + inexactCount * 4) == 0) {
    if (!isDoubleText(begin, to)) add(base + inexactCount * 4);
  }
  return form;
}

function isZero(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) {
    if (load<u8>(at) - zero - 1 < 9) return false;
  }
  return true;
}

// @ts-expect-error: decorator
@inline
function two(at: usize): u32 {
  return (<u32>load<u8>(at) - zero) * 10 + <u32>load<u8>(at, 1) - zero;
}

/** Returns the offset after the date; 0 if the day does not exist. */
function keepDate(base: usize, from: usize, form: i32): usize {
  const flag: u32 = load<u8>(flags + form);
  if (flag & isIso) {
    const year = two(from) * 100 + two(from + 2);
    keepYear(base, year);
    const day = two(from + 8);
    return day > 28 && day > daysOf(year, two(from + 5)) ? 0 : from + 10;
  }
  return keepOtherDate(base, from, flag);
}

function keepOtherDate(base: usize, from: usize, flag: u32): usize {
  let at = from;
  let first: u32 = 0;
  while (isDigit(load<u8>(at))) first = first * 10 + load<u8>(at++) - zero;
  at++;
  let second: u32 = 0;
  while (isDigit(load<u8>(at))) second = second * 10 + load<u8>(at++) - zero;
  at++;
  let third: u32 = 0;
  while (isDigit(load<u8>(at))) third = third * 10 + load<u8>(at++) - zero;
  if (flag & isYearFirst) {
    keepYear(base, first);
    return third > daysOf(first, second) ? 0 : at;
  }
  keepYear(base, third);
  raise(base + firstPartMax * 4, first);
  raise(base + secondPartMax * 4, second);
  const isDay = (second <= 12 && first <= daysOf(third, second)) || (first <= 12 && second <= daysOf(third, first));
  return isDay ? at : 0;
}

// @ts-expect-error: decorator
@inline
function keepYear(base: usize, year: u32): void {
  lower(base + yearMin * 4, year);
  raise(base + yearMax * 4, year);
}

function daysOf(year: u32, month: u32): u32 {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Records the digits of fractional seconds; returns the offset after the time. */
function keepSeconds(base: usize, from: usize, to: usize): usize {
  // Skips hours, minutes and optional seconds.
  let at = from + 5;
  if (at < to && load<u8>(at) == colon) at += 3;
  if (at >= to || load<u8>(at) != point) return at;
  const begin = ++at;
  while (at < to && isDigit(load<u8>(at))) at++;
  raise(base + secondFractionMax * 4, <i32>(at - begin));
  return at;
}

/** Stores up to 7 bytes and their number. */
function keepOffset(base: usize, column: u32, from: usize, to: usize): void {
  let text: u64 = <u64>(to - from) << 56;
  for (let at = from; at < to; at++) text |= <u64>load<u8>(at) << (<u64>(at - from) * 8);
  const known = offsets + column * 8;
  if (load<u64>(known) == 0) store<u64>(known, text);
  else if (load<u64>(known) != text) add(base + otherOffsetCount * 4);
}
