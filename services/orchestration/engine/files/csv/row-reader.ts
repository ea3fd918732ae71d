import type { Automaton } from "./automaton.ts";
import { BadRowError } from "./bad-row.ts";

/** How a CSV is written that needs no rewriting: one byte between fields, quotes doubled within quotes. */
export type PlainDialect = {
  readonly delimiter: number;
  /** Undefined where nothing is quoted. */
  readonly quote: number | undefined;
};

/** States of fields without a value: nothing between two delimiters, nothing between two quotes. */
export const missing = -1;
export const emptyText = -2;

export type RowReader = {
  /** Of the row that was read last: where each field begins and ends, quotes excluded, and its automaton's state. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly states: Int32Array;
  /** Fields of that row; those beyond the room for them are counted only. */
  fieldCount: number;
  /** Line breaks of that row, the one behind it included. */
  lineCount: number;
  /** What ends that row: 0 at the end of the file. */
  newline: 0 | typeof lf | typeof cr | typeof crlf;
  /** Quotes that stand within fields which are not quoted. */
  bareQuoteCount: number;
  /**
   * Reads the row at `from` and answers where the next one begins, or -1 when the row does not end before `to`. At the
   * end of the file a row may end without a line break. `bytes` must have room for two more. Throws BadRowError.
   */
  read(bytes: Uint8Array, from: number, to: number, isEnd: boolean): number;
};

export const lf = 10;
export const cr = 13;
export const crlf = 1310;

/** The state of no pattern leads to itself only. */
const dead = 0;
const stop = 0xffff;

/** Reads rows of a CSV, and each field through an automaton in the same go. */
export function createRowReader(
  { delimiter, quote = -1 }: PlainDialect,
  automaton: Automaton,
  fieldsMax: number,
): RowReader {
  const { classes } = automaton;
  const { next, start } = withStop(automaton);
  const isStop = new Uint8Array(256);
  for (const byte of [delimiter, lf, cr]) isStop[byte] = 1;
  const outerClasses = classes.map((found, byte) => (isStop[byte] ? automaton.stride : found));
  const starts = new Int32Array(fieldsMax);
  const ends = new Int32Array(fieldsMax);
  const states = new Int32Array(fieldsMax);

  const reader: RowReader = {
    starts,
    ends,
    states,
    fieldCount: 0,
    lineCount: 0,
    newline: 0,
    bareQuoteCount: 0,
    read(bytes, from, to, isEnd) {
      // Ends what runs to the end of the block.
      bytes[to] = lf;
      let at = from;
      let field = 0;
      let lines = 0;
      let bareQuotes = 0;
      for (;;) {
        let begin = at;
        let end: number;
        let state = start;
        if (bytes[at] === quote && at < to) {
          begin = at + 1;
          end = endOfQuoted(bytes, begin, to, isEnd);
          if (end < 0) return -1;
          for (let inner = begin; inner < end; inner += 1) {
            const byte = bytes[inner] as number;
            state = next[state + (classes[byte] as number)] as number;
            if (byte === lf || (byte === cr && bytes[inner + 1] !== lf)) lines += 1;
          }
          if (end === begin) state = emptyText;
          at = end + 1;
          if (isStop[bytes[at] as number] === 0) throw new BadRowError("text stands behind a closing quote");
        } else {
          for (;;) {
            const following = next[state + (outerClasses[bytes[at] as number] as number)] as number;
            if (following === stop) break;
            state = following;
            at += 1;
            if (state !== dead) continue;
            while (isStop[bytes[at] as number] === 0) {
              if (bytes[at] === quote) bareQuotes += 1;
              at += 1;
            }
            break;
          }
          end = at;
          if (end === begin) state = missing;
        }
        if (field < fieldsMax) {
          starts[field] = begin;
          ends[field] = end;
          states[field] = state;
        }
        field += 1;
        if (at >= to && !isEnd) return -1;
        if (at < to && bytes[at] === delimiter) {
          at += 1;
          continue;
        }
        if (bytes[at] === cr && at + 1 >= to && !isEnd) return -1;
        reader.fieldCount = field;
        reader.bareQuoteCount = bareQuotes;
        const newline =
          at >= to ? 0 : bytes[at] === lf ? lf : at + 1 < to && bytes[at + 1] === lf ? crlf : cr;
        reader.newline = newline;
        reader.lineCount = lines + (newline === 0 ? 0 : 1);
        if (newline === 0) return to;
        return at + (newline === crlf ? 2 : 1);
      }
    },
  };

  /** Where the quote is that closes; -1 when it may come yet. */
  function endOfQuoted(bytes: Uint8Array, begin: number, to: number, isEnd: boolean): number {
    let at = begin;
    for (;;) {
      while (at < to && bytes[at] !== quote) at += 1;
      if (at >= to) {
        if (isEnd) throw new BadRowError("a quote is opened and not closed");
        return -1;
      }
      if (at + 1 >= to) return isEnd ? at : -1;
      if (bytes[at + 1] !== quote) return at;
      at += 2;
    }
  }

  return reader;
}

/** The automaton with one more class, which leads out of it from every state. */
function withStop({ next, stride, start }: Automaton): { next: Uint16Array; start: number } {
  const stateCount = next.length / stride;
  const wider = new Uint16Array(stateCount * (stride + 1));
  for (let state = 0; state < stateCount; state += 1) {
    for (let byteClass = 0; byteClass < stride; byteClass += 1) {
      const following = (next[state * stride + byteClass] as number) / stride;
      wider[state * (stride + 1) + byteClass] = following * (stride + 1);
    }
    wider[state * (stride + 1) + stride] = stop;
  }
  return { next: wider, start: (start / stride) * (stride + 1) };
}
