import { BadRowError } from "./bad-row-error.ts";

/** The dialect of a CSV. */
export type Dialect = {
  /** One character or several. */
  readonly delimiter: string;
  /** Empty if fields are never quoted. */
  readonly quote: string;
  /** Escapes a quote or itself within quotes; empty for none. */
  readonly escape: string;
  /** Lines that start with it are skipped; empty for none. */
  readonly comment: string;
};

/** A field without its quotes and escapes. */
export type Field = { readonly text: Buffer; readonly isQuoted: boolean };

export type RowParser = {
  /** Fields of the last row; undefined if it was a comment. */
  fields: Field[] | undefined;
  /** Line breaks of that row, including the one after it. */
  lineCount: number;
  /** Whether the row ends with a lone carriage return; undefined at the end of the file. */
  endsWithCr: boolean | undefined;
  /**
   * Parses the row at `from`; returns the offset of the next row, or -1 if the row does not end before `to`. Throws
   * BadRowError.
   */
  read(bytes: Buffer, from: number, to: number, isEnd: boolean): number;
};

const lf = 10;
const cr = 13;

/** Parses rows of any dialect. Slower than the kernel, which only supports DuckDB's dialect. */
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

  /** Returns the end of an unquoted field. */
  function readUnquoted(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && bytes[at] !== lf && bytes[at] !== cr && !isDelimiter(bytes, at, to)) at += 1;
    return at;
  }

  /** Returns the offset of the closing quote, or -1 if it may follow, and appends the text to `parts`. */
  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: one loop over the bytes, whose cases need each other
  function readQuoted(bytes: Buffer, from: number, to: number, isEnd: boolean, parts: Buffer[]): number {
    let begin = from;
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at];
      if (byte !== quote && byte !== escapeMark) continue;
      if (at + 1 >= to && !isEnd) return -1;
      const following = at + 1 < to ? bytes[at + 1] : -1;
      const escapes =
        byte === escapeMark && (following === quote || (following === escapeMark && escapeMark !== quote));
      if (escapes) {
        parts.push(bytes.subarray(begin, at));
        at += 1;
        begin = at;
      } else if (byte === quote) {
        parts.push(bytes.subarray(begin, at));
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
          const parts: Buffer[] = [];
          const end = readQuoted(bytes, at + 1, to, isEnd, parts);
          if (end < 0) return -1;
          at = end + 1;
          // The block may end within a delimiter.
          if (at + delimiter.length > to && !isEnd) return -1;
          const isAtEnd = at >= to || bytes[at] === lf || bytes[at] === cr || isDelimiter(bytes, at, to);
          if (!isAtEnd) throw new BadRowError("text stands behind a closing quote");
          fields.push({
            text: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts),
            isQuoted: true,
          });
        } else {
          const end = readUnquoted(bytes, at, to);
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
