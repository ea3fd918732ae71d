import {
  accepted,
  classes,
  dateForm,
  decimalForm,
  decimalMark,
  integerForm,
  isoTimestampForm,
  next,
  paddedForm,
  startState,
  stride,
  timestampForm,
} from "./layout";

const zero: u32 = 48;
const minus: u32 = 45;
const colon: u32 = 58;

/** Digit positions of "2024-01-01" and of "2024-01-01 10:30", one bit per character. */
const dateDigits: u32 = 0b1101101111;
const minuteDigits: u32 = 0b1101101101101111;

/** Classifies a value: frequent forms by the positions of their digits, 16 at once, others by the automaton. */
export function formOf(from: usize, to: usize): i32 {
  const length = <u32>(to - from);
  const first: u32 = load<u8>(from);
  if (length <= 19) {
    const vector = v128.load(from);
    const below = i8x16.sub(vector, i8x16.splat(48));
    const isDigit = <u32>i8x16.bitmask(i8x16.lt_u(below, i8x16.splat(10)));
    if (length <= 16) {
      const all = <u32>((1 << length) - 1);
      const digits = isDigit & all;
      if (digits == all) return first != zero || length == 1 ? integerForm : paddedForm;
      const form = ofMarks(from, length, digits, all, first);
      if (form > 0) return form;
    } else if (length == 19 && (isDigit & 0xffff) == minuteDigits) {
      const form = ofTimestamp(from);
      if (form > 0) return form;
    }
  }
  return byAutomaton(from, to);
}

/** Decimals, negative numbers and dates: digits with one or two other characters. */
// @ts-expect-error: decorator
@inline
function ofMarks(from: usize, length: u32, digits: u32, all: u32, first: u32): i32 {
  const isNegative = <u32>(first == minus);
  const marks = (digits ^ all) & ~isNegative;
  if (marks == 0) {
    if (length == 1) return 0;
    return load<u8>(from, 1) != zero ? integerForm : paddedForm;
  }
  if (i32.popcnt(marks) == 1) {
    const point = i32.ctz(marks);
    if (load<u8>(from + point) != decimalMark || point == length - 1) return 0;
    const whole = point - isNegative;
    return whole > 1 && load<u8>(from + isNegative) == zero ? paddedForm : decimalForm;
  }
  if (length == 10 && digits == dateDigits && isDate(from)) return dateForm;
  return 0;
}

// @ts-expect-error: decorator
@inline
function two(at: usize): u32 {
  return (<u32>load<u8>(at) - zero) * 10 + <u32>load<u8>(at, 1) - zero;
}

/** Whether digits at the positions of a date form one; the day is checked against the month elsewhere. */
// @ts-expect-error: decorator
@inline
function isDate(from: usize): bool {
  const month = two(from + 5);
  const day = two(from + 8);
  if (load<u8>(from, 4) != minus || load<u8>(from, 7) != minus) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && load<u32>(from) != 0x30303030;
}

function ofTimestamp(from: usize): i32 {
  if (!isDate(from) || load<u8>(from, 13) != colon || load<u8>(from, 16) != colon) return 0;
  const second = two(from + 17);
  const isTime = two(from + 11) <= 23 && two(from + 14) <= 59 && second <= 59;
  if (!isTime || <u32>load<u8>(from, 17) - zero > 9 || <u32>load<u8>(from, 18) - zero > 9) return 0;
  const between: u32 = load<u8>(from, 10);
  return between == 32 ? timestampForm : between == 84 ? isoTimestampForm : 0;
}

export function byAutomaton(from: usize, to: usize): i32 {
  let state = startState;
  for (let at = from; at < to; at++) {
    state = load<u16>(next + ((state + load<u8>(classes + load<u8>(at))) << 1));
    if (state == 0) return 0;
  }
  return load<u8>(accepted + state / stride);
}
