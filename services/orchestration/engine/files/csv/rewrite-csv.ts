import { type FileHandle, open } from "node:fs/promises";
import { BadRowError } from "./bad-row-error.ts";
import { describeCount } from "./block-scan.ts";
import type { Dialect } from "./row-parser.ts";
import { createRowParser, type Field } from "./row-parser.ts";
import { rowBytesMax, tooLong } from "./scan-segment.ts";

export type RewriteOptions = {
  readonly path: string;
  readonly outputPath: string;
  readonly dialect: Dialect;
  /** Offset of the first row of values. */
  readonly from: number;
  readonly columnCount: number;
  /** Texts that mean null, and whether they do in quotes. */
  readonly nullTexts: readonly string[];
  readonly quotedNulls: boolean;
  /** The line break after the header; undefined without a header. */
  readonly lineBreak: "lf" | "crlf" | "cr" | undefined;
  /** If the comment character was only detected, a comment that could be a row is refused. */
  readonly isCommentConfigured: boolean;
};

/** Line numbers of the original: from `line` of the rewritten file on, add `offset`. Both count from 0 at the first row. */
export type LineOffset = { readonly line: number; readonly offset: number };

export type RewriteResult = {
  readonly lineOffsets: readonly LineOffset[];
  readonly badRow: { readonly line: number; readonly message: string } | undefined;
};

const blockBytes = 1024 * 1024;
/** Limit of recorded offsets; later lines are reported by their number in the rewritten file. */
const lineOffsetsMax = 100_000;

const comma = Buffer.from(",");
const newline = Buffer.from("\n");
const quoteMark = Buffer.from('"');
const lf = 10;

/** Rewrites a CSV to commas, standard quotes and \n. Values do not change; nulls become empty fields without quotes. */
export async function rewriteCsv(task: RewriteOptions): Promise<RewriteResult> {
  await using input = await open(task.path);
  await using output = await open(task.outputPath, "wx");
  const parser = createRowParser(task.dialect);
  const writer = createRowWriter(task);
  const lineOffsets: LineOffset[] = [];
  let [lines, writtenLines] = [0, 0];
  const checkLineBreak = createLineBreakCheck(task.lineBreak);
  const takeRow = (fields: readonly Field[] | undefined, lineCount: number): void => {
    const isBlank = task.columnCount > 1 && fields?.length === 1 && isEmpty(fields[0]);
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
        if (!parser.fields && !task.isCommentConfigured) checkComment(task, bytes.subarray(at, next));
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

/** A lone carriage return is a line break only in files without other line breaks; elsewhere it may be part of a value. */
function createLineBreakCheck(first: RewriteOptions["lineBreak"]): (endsWithCr: boolean | undefined) => void {
  let expected = first === undefined ? undefined : first === "cr";
  return (endsWithCr) => {
    if (endsWithCr === undefined) return;
    expected ??= endsWithCr;
    if (endsWithCr === expected) return;
    const [found, others] = endsWithCr ? ["\\r alone", "\\n"] : ["\\n", "\\r alone"];
    throw new BadRowError(`it ends with ${found} where others end with ${others}`);
  };
}

/** The comment character was detected from lines before the first row. */
function checkComment({ dialect, columnCount }: RewriteOptions, line: Buffer): void {
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

/** Reads blocks; the rest that was not taken is prepended to the next block. */
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

/** A value at the start of the file must not look like a byte order mark. */
const needsQuotes = /[",\r\n]|^\xef\xbb\xbf/;

function createRowWriter({ columnCount, nullTexts, quotedNulls }: RewriteOptions) {
  const nulls = new Set(nullTexts);
  let chunks: Buffer[] = [];
  let size = 0;
  const put = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
  };

  /** Returns the number of line breaks in the field. */
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
      const bytes = Buffer.concat(chunks);
      chunks = [];
      size = 0;
      return bytes;
    },
  };
}

const isEmpty = (field: Field | undefined): boolean => field?.text.length === 0 && !field.isQuoted;

function countLines(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(lf); at >= 0; at = text.indexOf(lf, at + 1)) count += 1;
  return count;
}
