/** Facts of a column by their index in `facts`. */
export const fact = {
  /** Maximum of digits before the decimal separator. */
  wholeDigits: 0,
  fractionMin: 1,
  fractionMax: 2,
  /** Decimals whose fraction has a trailing zero, such as 1.10. */
  paddedCount: 3,
  /** Integers outside of 64 bits. */
  hugeCount: 4,
  /** Numbers that differ from the notation of their nearest double. */
  inexactCount: 5,
  /** Maximum of the first and second number of dates with ambiguous parts. */
  firstPartMax: 6,
  secondPartMax: 7,
  yearMin: 8,
  yearMax: 9,
  secondFractionMax: 10,
  otherOffsetCount: 11,
  bytesMax: 12,
} as const;

export const factCount = 13;

/** Facts that are minima and sums; all others are maxima. */
const minima: ReadonlySet<number> = new Set([fact.fractionMin, fact.yearMin]);
const sums: ReadonlySet<number> = new Set([
  fact.paddedCount,
  fact.hugeCount,
  fact.inexactCount,
  fact.otherOffsetCount,
]);

/** A value and the line of its first occurrence. */
export type Example = { readonly line: number; readonly text: string };

/** Counts of rows of a CSV. Lines count from 0 at the first of the rows. */
export type Tally = {
  readonly columnCount: number;
  readonly formCount: number;
  rowCount: number;
  lineCount: number;
  /** Number of values by `column * formCount + form`. */
  readonly counts: Float64Array;
  readonly facts: Int32Array;
  readonly nullCounts: Float64Array;
  /** Quoted empty texts, which are not null. */
  readonly emptyCounts: Float64Array;
  /** The first value of each form by `column * formCount + form`. */
  readonly examples: Map<number, Example>;
  /** UTC offset of the first timestamp of each column that has one. */
  readonly offsets: Map<number, string>;
  /** Line breaks by kind. */
  newlines: { lf: number; crlf: number; cr: number };
  /** Quotes in unquoted fields, and blank lines. */
  bareQuoteCount: number;
  blankLineCount: number;
  /** Line breaks within quotes. */
  innerLineCount: number;
  rowBytesMax: number;
};

export function createTally(columnCount: number, formCount: number): Tally {
  const facts = new Int32Array(columnCount * factCount);
  for (let column = 0; column < columnCount; column += 1) {
    for (const id of minima) facts[column * factCount + id] = 0x7fffffff;
  }
  return {
    columnCount,
    formCount,
    rowCount: 0,
    lineCount: 0,
    counts: new Float64Array(columnCount * formCount),
    facts,
    nullCounts: new Float64Array(columnCount),
    emptyCounts: new Float64Array(columnCount),
    examples: new Map(),
    offsets: new Map(),
    newlines: { lf: 0, crlf: 0, cr: 0 },
    bareQuoteCount: 0,
    blankLineCount: 0,
    innerLineCount: 0,
    rowBytesMax: 0,
  };
}

/** Adds the counts of the rows that follow those of `into`. */
export function addTally(into: Tally, more: Tally): void {
  addAll(into.counts, more.counts);
  addAll(into.nullCounts, more.nullCounts);
  addAll(into.emptyCounts, more.emptyCounts);
  for (let at = 0; at < more.facts.length; at += 1) addFact(into.facts, at, more.facts[at] ?? 0);
  for (const [key, { line, text }] of more.examples) {
    if (!into.examples.has(key)) into.examples.set(key, { line: into.lineCount + line, text });
  }
  for (const [column, offset] of more.offsets) {
    const known = into.offsets.get(column) ?? offset;
    into.offsets.set(column, known);
    if (known !== offset) addFact(into.facts, column * factCount + fact.otherOffsetCount, 1);
  }
  into.newlines.lf += more.newlines.lf;
  into.newlines.crlf += more.newlines.crlf;
  into.newlines.cr += more.newlines.cr;
  into.bareQuoteCount += more.bareQuoteCount;
  into.blankLineCount += more.blankLineCount;
  into.innerLineCount += more.innerLineCount;
  into.rowBytesMax = Math.max(into.rowBytesMax, more.rowBytesMax);
  into.rowCount += more.rowCount;
  into.lineCount += more.lineCount;
}

function addAll(into: Float64Array, more: Float64Array): void {
  for (let at = 0; at < more.length; at += 1) into[at] = (into[at] ?? 0) + (more[at] ?? 0);
}

function addFact(facts: Int32Array, at: number, value: number): void {
  const id = at % factCount;
  const known = facts[at] ?? 0;
  if (sums.has(id)) facts[at] = Math.min(0x7fffffff, known + value);
  else facts[at] = minima.has(id) ? Math.min(known, value) : Math.max(known, value);
}
