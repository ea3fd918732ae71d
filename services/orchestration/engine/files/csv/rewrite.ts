import { type FileHandle, open } from "node:fs/promises";
import { BadRowError } from "./bad-row.ts";
import { describeCount } from "./block-scan.ts";
import type { Dialect } from "./row-parser.ts";
import { createRowParser, type Field } from "./row-parser.ts";
import { rowBytesMax, tooLong } from "./scan-segment.ts";

export type Rewriting = {
  readonly path: string;
  readonly outputPath: string;
  readonly dialect: Dialect;
  /** Where the rows of values begin. */
  readonly from: number;
  readonly columnCount: number;
  /** Texts that say that a value is missing, and whether they do in quotes. */
  readonly nullTexts: readonly string[];
  readonly quotedNulls: boolean;
  /** What is behind the names; undefined where there are none. */
  readonly lineBreak: "lf" | "crlf" | "cr" | undefined;
  /** Otherwise a comment that could as well be a row is refused. */
  readonly isCommentSaid: boolean;
};

/**
 * Lines of the rewritten file and of the file itself: from `line` of the first on, `offset` is to be added. Both count from
 * 0 at the first row.
 */
export type LineOffset = { readonly line: number; readonly offset: number };

export type Rewritten = {
  readonly lineOffsets: readonly LineOffset[];
  readonly badRow: { readonly line: number; readonly message: string } | undefined;
};

const blockBytes = 1024 * 1024;
/** Places where lines were left out; later ones than these are told by the lines of the rewritten file. */
const lineOffsetsMax = 100_000;

const comma = Buffer.from(",");
const newline = Buffer.from("\n");
const quoteMark = Buffer.from('"');
const lf = 10;

/**
 * Writes a CSV of any dialect as one that DuckDB reads without settings: commas, quotes where they are needed or were, one
 * line break. Values stay as they are; those that are missing become nothing between two commas.
 */
export async function rewriteCsv(task: Rewriting): Promise<Rewritten> {
  await using input = await open(task.path);
  await using output = await open(task.outputPath, "wx");
  const parser = createRowParser(task.dialect);
  const writer = createRowWriter(task);
  const lineOffsets: LineOffset[] = [];
  let [lines, writtenLines] = [0, 0];
  const checkLineBreak = createLineBreakCheck(task.lineBreak);
  const takeRow = (fields: readonly Field[] | undefined, lineCount: number): void => {
    const isBlank = task.columnCount > 1 && fields?.length === 1 && isNothing(fields[0]);
    if (fields && !isBlank) writtenLines += writer.write(fields);
    lines += lineCount;
    const offset = lines - writtenLines;
    if (offset === (lineOffsets.at(-1)?.offset ?? 0) || lineOffsets.length >= lineOffsetsMax) return;
    lineOffsets.push({ line: writtenLines, offset });
  };
  try {
    for await (const { bytes, isEnd, take } of blocksOf(input, task.from)) {
      let at = 0;
      while (at < bytes.length) {
        const next = parser.read(bytes, at, bytes.length, isEnd);
        if (next < 0) break;
        if (!parser.fields && !task.isCommentSaid) checkComment(task, bytes.subarray(at, next));
        checkLineBreak(parser.endsWithCr);
        takeRow(parser.fields, parser.lineCount);
        at = next;
      }
      take(at);
      if (writer.size() >= blockBytes) await output.writeFile(writer.drain());
    }
  } catch (error) {
    if (!(error instanceof BadRowError)) throw error;
    return { lineOffsets, badRow: { line: lines, message: error.message } };
  }
  await output.writeFile(writer.drain());
  return { lineOffsets, badRow: undefined };
}

/** A carriage return alone is a line break only in files that have no other: elsewhere it may as well be part of a value. */
function createLineBreakCheck(first: Rewriting["lineBreak"]): (endsWithCr: boolean | undefined) => void {
  let usual = first === undefined ? undefined : first === "cr";
  return (endsWithCr) => {
    if (endsWithCr === undefined) return;
    usual ??= endsWithCr;
    if (endsWithCr === usual) return;
    const [found, others] = endsWithCr ? ["\\r alone", "\\n"] : ["\\n", "\\r alone"];
    throw new BadRowError(`it ends with ${found} where others end with ${others}`);
  };
}

/** That lines with this beginning are comments was found out from those before the first row. */
function checkComment({ dialect, columnCount }: Rewriting, line: Buffer): void {
  const parser = createRowParser({ ...dialect, comment: "" });
  try {
    parser.read(line, 0, line.length, true);
  } catch (error) {
    if (error instanceof BadRowError) return;
    throw error;
  }
  if (parser.fields?.length !== columnCount) return;
  throw new BadRowError(
    `it begins with ${dialect.comment} as the comments before the first row do, and has as many fields as a row`,
  );
}

type Block = { readonly bytes: Buffer; readonly isEnd: boolean; readonly take: (bytes: number) => void };

/** Bytes of a file; what is not taken of a block comes again in the next one. */
async function* blocksOf(file: FileHandle, from: number): AsyncGenerator<Block> {
  let rest: Buffer = Buffer.alloc(0);
  for (let at = from; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, at);
    at += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let taken = 0;
    yield {
      bytes,
      isEnd: bytesRead === 0,
      take: (count) => {
        taken = count;
      },
    };
    rest = bytes.subarray(taken);
    if (rest.length > rowBytesMax) throw new BadRowError(tooLong);
    if (bytesRead === 0) return;
  }
}

/** A byte order mark that a file begins with would be the file's own. */
const needsQuotes = /[",\r\n]|^\xef\xbb\xbf/;

function createRowWriter({ columnCount, nullTexts, quotedNulls }: Rewriting) {
  const nulls = new Set(nullTexts);
  let pieces: Buffer[] = [];
  let size = 0;
  const put = (piece: Buffer): void => {
    pieces.push(piece);
    size += piece.length;
  };

  /** Answers how many lines the field adds. */
  function writeField({ text, isQuoted }: Field): number {
    if ((quotedNulls || !isQuoted) && text.length <= 400 && nulls.has(text.toString())) return 0;
    if (!isQuoted && text.length > 0 && !needsQuotes.test(text.toString("latin1"))) {
      put(text);
      return 0;
    }
    put(quoteMark);
    put(
      text.includes(quoteMark) ? Buffer.from(text.toString("latin1").replaceAll('"', '""'), "latin1") : text,
    );
    put(quoteMark);
    return countLines(text);
  }

  return {
    size: () => size,
    write(fields: readonly Field[]): number {
      if (fields.length !== columnCount) {
        throw new BadRowError(describeCount(fields.length, columnCount));
      }
      let lines = 1;
      for (const [index, field] of fields.entries()) {
        if (index > 0) put(comma);
        lines += writeField(field);
      }
      put(newline);
      return lines;
    },
    drain(): Buffer {
      const bytes = Buffer.concat(pieces);
      pieces = [];
      size = 0;
      return bytes;
    },
  };
}

const isNothing = (field: Field | undefined): boolean => field?.text.length === 0 && !field.isQuoted;

function countLines(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(lf); at >= 0; at = text.indexOf(lf, at + 1)) count += 1;
  return count;
}
