import { byAutomaton, formOf } from "./forms";
import { columnCount, counts, delimiter, emptyCounts, fields, formCount, nullCounts, quote } from "./layout";
import { keep } from "./values";

export { configure } from "./layout";

// Scans rows of a CSV. WebAssembly keeps a look at every value cheap compared with reading the file.

const lf: u32 = 10;
const cr: u32 = 13;

const missing: i32 = -1;
const emptyText: i32 = -2;
/** Size of a field entry: start, end, form. */
const fieldBytes: u32 = 12;

export let rowCount: u32 = 0;
export let lineCount: u32 = 0;
export let lfCount: u32 = 0;
export let crlfCount: u32 = 0;
export let crCount: u32 = 0;
export let bareQuoteCount: u32 = 0;
export let blankLineCount: u32 = 0;
/** Line breaks within quotes. */
export let innerLineCount: u32 = 0;
export let rowBytesMax: u32 = 0;
/** Problem of the row after the scanned ones: 0 none, 1 number of fields, 2 unclosed quote, 3 text after a quote. */
export let problem: u32 = 0;
/** Number of fields of that row. */
export let fieldCount: u32 = 0;

/** Line breaks within quotes of the current row. */
let innerLines: u32 = 0;
let innerBareQuotes: u32 = 0;

/** Reports the first value of a form to the host. */
// @ts-expect-error: decorator
@external("service", "onFirst")
declare function onFirst(column: u32, form: i32, from: usize, to: usize): void;

/** Scans rows that start before `limit` and end before `to`; returns the offset of the first row that does not. */
export function scan(from: usize, to: usize, limit: usize, isEnd: bool): usize {
  // Sentinel for fields that reach the end of the block.
  store<u8>(to, <u8>lf);
  problem = 0;
  let at = from;
  while (at < to && at < limit) {
    const end = readRow(at, to, isEnd);
    if (end == 0 || problem != 0) return at;
    const isBlank = columnCount > 1 && fieldCount == 1 && load<i32>(fields, 8) == missing;
    if (isBlank) blankLineCount++;
    else if (fieldCount != columnCount) {
      problem = 1;
      return at;
    } else countRow();
    at = endRow(at, end, to);
  }
  return at;
}

/** Counts the line break at `end`; returns the offset of the next row. */
function endRow(begin: usize, end: usize, to: usize): usize {
  let following = end;
  lineCount += innerLines;
  innerLineCount += innerLines;
  bareQuoteCount += innerBareQuotes;
  if (end < to) {
    lineCount++;
    if (load<u8>(end) == lf) {
      lfCount++;
      following = end + 1;
    } else if (end + 1 < to && load<u8>(end, 1) == lf) {
      crlfCount++;
      following = end + 2;
    } else {
      crCount++;
      following = end + 1;
    }
  }
  const bytes = <u32>(following - begin);
  if (bytes > rowBytesMax) rowBytesMax = bytes;
  return following;
}

function countRow(): void {
  const isSampled = rowCount < 256 || rowCount % 256 == 0;
  for (let column: u32 = 0; column < columnCount; column++) {
    const field = fields + column * fieldBytes;
    const found = load<i32>(field, 8);
    if (found < 0) {
      const counter = (found == missing ? nullCounts : emptyCounts) + column * 4;
      store<u32>(counter, load<u32>(counter) + 1);
      continue;
    }
    const from = load<u32>(field);
    const to = load<u32>(field, 4);
    const form = keep(column, from, to, found, isSampled);
    const counter = counts + (column * formCount + form) * 4;
    const before = load<u32>(counter);
    store<u32>(counter, before + 1);
    if (before == 0) onFirst(column, form, from, to);
  }
  rowCount++;
}

/** Parses the fields of a row; returns the offset of its line break, or 0 if that is not before `to`. */
function readRow(from: usize, to: usize, isEnd: bool): usize {
  let at = from;
  innerLines = 0;
  innerBareQuotes = 0;
  fieldCount = 0;
  while (true) {
    let begin = at;
    let end: usize;
    let form: i32;
    if (load<u8>(at) == quote && at < to) {
      begin = at + 1;
      end = endOfQuoted(begin, to, isEnd);
      if (end == 0) return 0;
      form = begin == end ? emptyText : fieldCount < columnCount ? byAutomaton(begin, end) : 0;
      at = end + 1;
      const behind: u32 = load<u8>(at);
      if (behind != delimiter && behind != lf && behind != cr) {
        problem = 3;
        return 0;
      }
    } else {
      end = endOfBare(begin);
      form = begin == end ? missing : fieldCount < columnCount ? formOf(begin, end) : 0;
      at = end;
    }
    if (fieldCount < columnCount) {
      const field = fields + fieldCount * fieldBytes;
      store<u32>(field, <u32>begin);
      store<u32>(field, <u32>end, 4);
      store<i32>(field, form, 8);
    }
    fieldCount++;
    if (at >= to) return isEnd ? to : 0;
    if (load<u8>(at) == delimiter) {
      at++;
      continue;
    }
    // The block may end within \r\n.
    return load<u8>(at) == cr && at + 1 >= to && !isEnd ? 0 : at;
  }
}

/** Offset of the next delimiter or line break, at most the end of the block. */
// @ts-expect-error: decorator
@inline
function endOfBare(from: usize): usize {
  const marks = i8x16.splat(<i8>delimiter);
  const quotes = i8x16.splat(<i8>quote);
  let at = from;
  while (true) {
    const vector = v128.load(at);
    const stops = v128.or(
      i8x16.eq(vector, marks),
      v128.or(i8x16.eq(vector, i8x16.splat(10)), i8x16.eq(vector, i8x16.splat(13))),
    );
    const found = <u32>i8x16.bitmask(stops);
    let inner = quote < 256 ? <u32>i8x16.bitmask(i8x16.eq(vector, quotes)) : 0;
    if (found != 0) inner &= (1 << i32.ctz(found)) - 1;
    if (inner != 0) innerBareQuotes += i32.popcnt(inner);
    if (found != 0) return at + i32.ctz(found);
    at += 16;
  }
}

/** Offset of the closing quote; 0 if it may follow, or with `problem` set if there is none. */
function endOfQuoted(from: usize, to: usize, isEnd: bool): usize {
  let at = from;
  while (true) {
    while (at < to && load<u8>(at) != quote) {
      const byte: u32 = load<u8>(at);
      if (byte == lf || (byte == cr && load<u8>(at, 1) != lf)) innerLines++;
      at++;
    }
    if (at >= to) {
      if (isEnd) problem = 2;
      return 0;
    }
    if (at + 1 >= to) return isEnd ? at : 0;
    if (load<u8>(at, 1) != quote) return at;
    at += 2;
  }
}
