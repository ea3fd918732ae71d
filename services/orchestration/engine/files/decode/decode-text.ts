import { endianness } from "node:os";
import type { TextEncoding } from "./text-encoding.ts";

/** Bytes that are invalid in the encoding of a text. */
export class UndecodableError extends Error {
  override name = "UndecodableError";
  /** The text before them in the decoded block, in UTF-8. */
  readonly before: Buffer;
  readonly bytes: Buffer;

  constructor(before: Buffer, bytes: Buffer) {
    super("the text is not of its encoding");
    this.before = before;
    this.bytes = bytes;
  }
}

/** Decodes a block to UTF-8 or throws UndecodableError. The caller prepends `rest` to the next block. */
export type DecodeBlock = (block: Buffer, isLast: boolean) => { text: Buffer; rest: Buffer };

export function decoderOf(encoding: TextEncoding): DecodeBlock {
  switch (encoding.kind) {
    case "utf8":
      return (block) => ({ text: block, rest: empty });
    case "utf16":
      return decodeUtf16(encoding.isBigEndian);
    case "utf32":
      return decodeUtf32(encoding.isBigEndian);
    case "singleByte":
      return decodeBytes(encoding.label, encoding.hasControls);
    case "multiByte":
      return decodeLines(encoding.label);
  }
}

const empty = Buffer.alloc(0);

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function decodeUtf16(isBigEndian: boolean): DecodeBlock {
  const unitAt = (block: Buffer, at: number) =>
    isBigEndian ? block.readUInt16BE(at) : block.readUInt16LE(at);
  return (block, isLast) => {
    let end = block.length - (block.length % 2);
    if (!isLast && end > 0 && isHigh(unitAt(block, end - 2))) end -= 2;
    const whole = Buffer.from(block.subarray(0, end));
    const text = (isBigEndian ? whole.swap16() : whole).toString("utf16le");
    if (!text.isWellFormed()) {
      const at = loneSurrogate(text);
      throw new UndecodableError(Buffer.from(text.slice(0, at)), block.subarray(2 * at, 2 * at + 2));
    }
    if (isLast && end < block.length) throw new UndecodableError(Buffer.from(text), block.subarray(end));
    return { text: Buffer.from(text), rest: block.subarray(end) };
  };
}

function loneSurrogate(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (isHigh(text.charCodeAt(at)) && isLow(text.charCodeAt(at + 1))) at++;
    else if (isHigh(text.charCodeAt(at)) || isLow(text.charCodeAt(at))) return at;
  }
  return text.length;
}

function decodeUtf32(isBigEndian: boolean): DecodeBlock {
  const pointAt = (block: Buffer, at: number) =>
    isBigEndian ? block.readUInt32BE(at) : block.readUInt32LE(at);
  return (block, isLast) => {
    const end = block.length - (block.length % 4);
    const units = Buffer.alloc(end);
    let length = 0;
    const decoded = () => Buffer.from(units.toString("utf16le", 0, length));
    for (let at = 0; at < end; at += 4) {
      const point = pointAt(block, at);
      if (point > 0x10ffff || isHigh(point) || isLow(point)) {
        throw new UndecodableError(decoded(), block.subarray(at, at + 4));
      }
      if (point > 0xffff) length = units.writeUInt16LE(0xd800 + ((point - 0x10000) >> 10), length);
      length = units.writeUInt16LE(point > 0xffff ? 0xdc00 + ((point - 0x10000) & 0x3ff) : point, length);
    }
    if (isLast && end < block.length) throw new UndecodableError(decoded(), block.subarray(end));
    return { text: decoded(), rest: block.subarray(end) };
  };
}

/** Character of each byte of a single-byte encoding; 0 for unassigned bytes and for byte 0. */
function tableOf(label: string, hasControls: boolean): Uint16Array {
  const decoder = new TextDecoder(label, { fatal: true });
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    if (byte < 0x80 || (hasControls && byte < 0xa0)) return byte;
    try {
      const character = decoder.decode(Uint8Array.of(byte)).charCodeAt(0);
      // The Encoding Standard maps unassigned bytes to the control characters of the same number.
      return character < 0xa0 ? 0 : character;
    } catch {
      return 0;
    }
  });
}

function decodeBytes(label: string, hasControls: boolean): DecodeBlock {
  const table = tableOf(label, hasControls);
  return (block) => {
    const units = new Uint16Array(block.length);
    for (let at = 0; at < block.length; at++) {
      const byte = block[at] ?? 0;
      const unit = table[byte] ?? 0;
      if (unit === 0 && byte !== 0) {
        throw new UndecodableError(utf8Of(units.subarray(0, at)), block.subarray(at, at + 1));
      }
      units[at] = unit;
    }
    return { text: utf8Of(units), rest: empty };
  };
}

function utf8Of(units: Uint16Array): Buffer {
  const bytes = Buffer.from(units.buffer, units.byteOffset, units.byteLength);
  return Buffer.from((endianness() === "LE" ? bytes : bytes.swap16()).toString("utf16le"));
}

/** Decodes whole lines, so that a line can be checked alone: in these encodings no character contains a line feed byte. */
function decodeLines(label: string): DecodeBlock {
  const decode = (bytes: Buffer) => decodeWhole(label, bytes);
  return (block, isLast) => {
    const end = isLast ? block.length : block.lastIndexOf(10) + 1;
    const lines = block.subarray(0, end);
    try {
      return { text: Buffer.from(decode(lines)), rest: block.subarray(end) };
    } catch {
      const { from, to } = firstInvalid(label, lines);
      throw new UndecodableError(Buffer.from(decode(lines.subarray(0, from))), lines.subarray(from, to));
    }
  };
}

/** Characters that the tables assign to unassigned bytes: controls of the same number, or private use. */
const unassigned = /[\u0080-\u009f\uf8f8]/;

function decodeWhole(label: string, bytes: Buffer): string {
  const text = new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  if (label !== "gb18030" && unassigned.test(text)) throw new TypeError("unassigned");
  return text;
}

/** Finds the first invalid bytes: line by line, then byte by byte. */
function firstInvalid(label: string, lines: Buffer): { from: number; to: number } {
  const isDecoded = (bytes: Buffer) => {
    try {
      decodeWhole(label, bytes);
      return true;
    } catch {
      return false;
    }
  };
  let begin = 0;
  for (;;) {
    const feed = lines.indexOf(10, begin);
    if (feed < 0 || !isDecoded(lines.subarray(begin, feed + 1))) break;
    begin = feed + 1;
  }
  const decoder = new TextDecoder(label, { fatal: true });
  let from = begin;
  for (let at = begin; at < lines.length; at++) {
    try {
      const character = decoder.decode(lines.subarray(at, at + 1), { stream: true });
      if (unassigned.test(character)) return { from, to: at + 1 };
      // No output: the byte is part of an incomplete character.
      if (character !== "") from = at + 1;
    } catch {
      return { from, to: at + 1 };
    }
  }
  return { from, to: lines.length };
}
