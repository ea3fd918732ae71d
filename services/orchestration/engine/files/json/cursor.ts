import { JsonError, needMore } from "./json-error.ts";

/** A read position in a block. A zero byte after the end stops scanning loops. */
export type Cursor = { bytes: Uint8Array; end: number; at: number };

const lineFeed = 10;
const excerptBytes = 20;

/** Throws an error, or needMore if the block ends before the offset. */
export function fail({ end, at }: Cursor, message: string, offset = at): never {
  throw offset >= end ? needMore : new JsonError(offset, message);
}

/** Skips whitespace; returns the next byte. */
export function skipSpace(cursor: Cursor, isOneLine: boolean): number {
  const byte = cursor.bytes[cursor.at] as number;
  return byte > 32 && cursor.at < cursor.end ? byte : skipMoreSpace(cursor, isOneLine);
}

function skipMoreSpace(cursor: Cursor, isOneLine: boolean): number {
  for (; cursor.at < cursor.end; cursor.at++) {
    const byte = cursor.bytes[cursor.at] as number;
    if (byte > 32) return byte;
    if (byte === lineFeed && isOneLine) {
      fail(cursor, "the line ends within an object: set settings.format to json");
    }
    if (byte !== 32 && byte !== lineFeed && byte !== 13 && byte !== 9) {
      fail(cursor, `there is ${controlCharacter(byte)} between values`);
    }
  }
  throw needMore;
}

export function skipWord(cursor: Cursor, word: string): void {
  for (let index = 0; index < word.length; index++) {
    if (cursor.at + index >= cursor.end) throw needMore;
    if (cursor.bytes[cursor.at + index] !== word.charCodeAt(index)) {
      fail(cursor, `${excerpt(cursor, cursor.at)} is no value of JSON`);
    }
  }
  cursor.at += word.length;
}

/** An excerpt for error messages. */
export function excerpt({ bytes, end }: Cursor, from: number): string {
  const text = Buffer.from(bytes.subarray(from, Math.min(end, from + excerptBytes))).toString();
  return JSON.stringify(/^.[^\s,}\]]*/.exec(text.replace(/\ufffd+$/, ""))?.[0] ?? "");
}

export const controlCharacter = (byte: number): string =>
  `the control character 0x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
