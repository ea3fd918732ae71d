import { textForm, type ValueNode } from "./value-node.ts";

const zero = 48;
const colon = 58;
const dash = 45;
const bytesMin = 8;
const bytesMax = 35;
const daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Records whether a text is a date or time in the same notation as the previous ones. */
export function recordText(node: ValueNode, bytes: Uint8Array, from: number, to: number): void {
  if (node.form === textForm.text) return;
  const form = formOf(node, bytes, from, to);
  if (node.form === textForm.none) node.form = form;
  else if (node.form !== form) node.form = textForm.text;
}

function formOf(node: ValueNode, bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length < bytesMin || length > bytesMax || digitsAt(bytes, from, 2) < 0) return textForm.text;
  if (bytes[from + 2] === colon) {
    return timeEnd(node, bytes, from, to) === to ? textForm.time : textForm.text;
  }
  if (!isDate(node, bytes, from)) return textForm.text;
  if (length === 10) return textForm.date;
  const separator = bytes[from + 10];
  if (separator !== 84 && separator !== 32) return textForm.text;
  const end = timeEnd(node, bytes, from + 11, to);
  if (end < 0) return textForm.text;
  const form = zonedForm(node, bytes, end, to);
  return separator === 32 && form !== textForm.text ? form + 1 : form;
}

/** The form by what follows the time, assuming a T before it; text if that is not a zone. */
function zonedForm(node: ValueNode, bytes: Uint8Array, from: number, to: number): number {
  if (from === to) return textForm.timestamp;
  if (from + 1 === to && bytes[from] === 90) return textForm.utc;
  if (!isOffset(bytes, from, to)) return textForm.text;
  const offset = String.fromCharCode(...bytes.subarray(from, to));
  node.offset ??= offset;
  return node.offset === offset ? textForm.offset : textForm.text;
}

function isOffset(bytes: Uint8Array, from: number, to: number): boolean {
  const sign = bytes[from];
  if (sign !== 43 && sign !== dash) return false;
  const hours = digitsAt(bytes, from + 1, 2);
  if (hours < 0 || hours > 14) return false;
  if (to - from === 3) return true;
  const minutesAt = bytes[from + 3] === colon ? from + 4 : from + 3;
  const minutes = digitsAt(bytes, minutesAt, 2);
  return minutesAt + 2 === to && minutes >= 0 && minutes < 60;
}

function isDate(node: ValueNode, bytes: Uint8Array, from: number): boolean {
  const year = digitsAt(bytes, from, 4);
  const month = digitsAt(bytes, from + 5, 2);
  const day = digitsAt(bytes, from + 8, 2);
  if (year < 1 || bytes[from + 4] !== dash || bytes[from + 7] !== dash) return false;
  if (month < 1 || day < 1 || day > (daysOfMonths[month - 1] ?? 0)) return false;
  if (month === 2 && day === 29 && !isLeap(year)) return false;
  node.yearMin = Math.min(node.yearMin, year);
  node.yearMax = Math.max(node.yearMax, year);
  return true;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Offset after HH:MM:SS and a fraction; -1 if there is no time. */
function timeEnd(node: ValueNode, bytes: Uint8Array, from: number, to: number): number {
  const hours = digitsAt(bytes, from, 2);
  const minutes = digitsAt(bytes, from + 3, 2);
  const seconds = digitsAt(bytes, from + 6, 2);
  if (from + 8 > to || bytes[from + 2] !== colon || bytes[from + 5] !== colon) return -1;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) return -1;
  let at = from + 8;
  if (bytes[at] !== 46 || at >= to) return at;
  at++;
  while (at < to && isDigit(bytes[at])) at++;
  const digits = at - from - 9;
  if (digits === 0) return -1;
  node.secondDigits = Math.max(node.secondDigits, digits);
  return at;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= zero + 9;

/** Parses digits; -1 if one is not a digit. */
function digitsAt(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index++) {
    const byte = bytes[at + index];
    if (!isDigit(byte)) return -1;
    value = value * 10 + (byte ?? 0) - zero;
  }
  return value;
}
