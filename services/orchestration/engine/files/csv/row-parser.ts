import { BadRowError } from "./bad-row.ts";

/** How a CSV is written. */
export type Dialect = {
  /** One character or several. */
  readonly delimiter: string;
  /** Empty where nothing is quoted. */
  readonly quote: string;
  /** What stands before a quote, or before itself, within quotes; empty for nothing. */
  readonly escape: string;
  /** Lines that begin with it are left out; empty for none. */
  readonly comment: string;
};

/** A field without its quotes and escapes. */
export type Field = { readonly text: Buffer; readonly isQuoted: boolean };

export type RowParser = {
  /** Fields of the row that was read last; undefined where it was a comment. */
  fields: Field[] | undefined;
  /** Line breaks of that row, the one behind it included. */
  lineCount: number;
  /** Whether a carriage return alone is behind that row; undefined where the file ends. */
  endsWithCr: boolean | undefined;
  /**
   * Reads the row at `from` and answers where the next one begins, or -1 when the row does not end before `to`. Throws
   * BadRowError.
   */
  read(bytes: Buffer, from: number, to: number, isEnd: boolean): number;
};

const lf = 10;
const cr = 13;

/** Reads rows of any dialect: slower than `row-reader.ts`, which reads those that DuckDB reads as well. */
export function createRowParser(dialect: Dialect): RowParser {
  const delimiter = Buffer.from(dialect.delimiter);
  const [quote = -1] = Buffer.from(dialect.quote);
  const [escapeMark = -1] = Buffer.from(dialect.escape);
  const [comment = -1] = Buffer.from(dialect.comment);
  const [first = -1] = delimiter;
  const isDelimiter = (bytes: Buffer, at: number, to: number): boolean =>
    bytes[at] === first &&
    at + delimiter.length <= to &&
    (delimiter.length === 1 ||
      bytes.compare(delimiter, 0, delimiter.length, at, at + delimiter.length) === 0);

  function endOfLine(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && bytes[at] !== lf && bytes[at] !== cr) at += 1;
    return at;
  }

  /** A field that is not quoted, and where it ends. */
  function readBare(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && bytes[at] !== lf && bytes[at] !== cr && !isDelimiter(bytes, at, to)) at += 1;
    return at;
  }

  /** Answers where the closing quote is, -1 when it may come yet, and puts the text into `pieces`. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one loop over the bytes, whose cases need each other
  function readQuoted(bytes: Buffer, from: number, to: number, isEnd: boolean, pieces: Buffer[]): number {
    let begin = from;
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at];
      if (byte !== quote && byte !== escapeMark) continue;
      if (at + 1 >= to && !isEnd) return -1;
      const following = at + 1 < to ? bytes[at + 1] : -1;
      const escapes =
        byte === escapeMark && (following === quote || (following === escapeMark && escapeMark !== quote));
      if (escapes) {
        pieces.push(bytes.subarray(begin, at));
        at += 1;
        begin = at;
      } else if (byte === quote) {
        pieces.push(bytes.subarray(begin, at));
        return at;
      }
    }
    if (isEnd) throw new BadRowError("a quote is opened and not closed");
    return -1;
  }

  const countLines = (bytes: Buffer, from: number, to: number): number => {
    let count = 0;
    for (let at = from; at < to; at += 1) {
      if (bytes[at] === lf || (bytes[at] === cr && bytes[at + 1] !== lf)) count += 1;
    }
    return count;
  };

  const parser: RowParser = {
    fields: [],
    lineCount: 0,
    endsWithCr: undefined,
    // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: as above
    read(bytes, from, to, isEnd) {
      const fields: Field[] = [];
      let at = from;
      if (bytes[at] === comment && at < to) {
        at = endOfLine(bytes, at, to);
        parser.fields = undefined;
        return endRow(bytes, from, at, to, isEnd);
      }
      for (;;) {
        if (at < to && bytes[at] === quote) {
          const pieces: Buffer[] = [];
          const end = readQuoted(bytes, at + 1, to, isEnd, pieces);
          if (end < 0) return -1;
          at = end + 1;
          // A delimiter may be cut off here.
          if (at + delimiter.length > to && !isEnd) return -1;
          const isAtEnd = at >= to || bytes[at] === lf || bytes[at] === cr || isDelimiter(bytes, at, to);
          if (!isAtEnd) throw new BadRowError("text stands behind a closing quote");
          fields.push({
            text: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces),
            isQuoted: true,
          });
        } else {
          const end = readBare(bytes, at, to);
          fields.push({ text: bytes.subarray(at, end), isQuoted: false });
          at = end;
        }
        if (at >= to || !isDelimiter(bytes, at, to)) break;
        at += delimiter.length;
      }
      parser.fields = fields;
      return endRow(bytes, from, at, to, isEnd);
    },
  };

  function endRow(bytes: Buffer, from: number, at: number, to: number, isEnd: boolean): number {
    if (at >= to) {
      if (!isEnd) return -1;
      parser.lineCount = countLines(bytes, from, to);
      parser.endsWithCr = undefined;
      return to;
    }
    if (bytes[at] === cr && at + 1 >= to && !isEnd) return -1;
    const next = at + (bytes[at] === cr && bytes[at + 1] === lf && at + 1 < to ? 2 : 1);
    parser.lineCount = countLines(bytes, from, next);
    parser.endsWithCr = bytes[next - 1] === cr;
    return next;
  }

  return parser;
}
