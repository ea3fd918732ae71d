import type { OutgoingHttpHeaders } from "node:http2";
import { isHeaderName, isHeaderValue } from "./header-syntax.ts";
import { staticTable } from "./static-table.ts";

/** A dynamic table size update to 0: this end adds no entries. */
const emptyTable = 0b00100000;

/** A literal without indexing has four zero bits, and its name's index in four more. */
const literalIndexBits = 4;

const indexes = new Map(staticTable.map(([name], at) => [name, at + 1]));
const wholeFields = new Map(staticTable.map(([name, value], at) => [`${name}\0${value}`, 0x80 | (at + 1)]));

/**
 * Encodes header blocks as latin1, each with the same fields first. The dynamic table is not used: a lookup costs more than
 * the bytes it saves on a local network. Throws TypeError for an invalid header.
 */
export function createHeaderEncoder(first: OutgoingHttpHeaders): (headers: OutgoingHttpHeaders) => Buffer {
  const beginning = encode(Buffer.of(emptyTable), first);
  return (headers) => encode(beginning, headers);
}

function encode(beginning: Buffer, headers: OutgoingHttpHeaders): Buffer {
  const bytes = Buffer.allocUnsafe(beginning.byteLength + bytesMaxOf(headers));
  const writer: Writer = { bytes, at: beginning.copy(bytes) };
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string") writeField(writer, name, value);
    else if (Array.isArray(value)) for (const one of value) writeField(writer, name, one);
    else if (value !== undefined) writeField(writer, name, String(value));
  }
  return writer.bytes.subarray(0, writer.at);
}

type Writer = { readonly bytes: Buffer; at: number };

/** Upper bound of the encoded size. */
function bytesMaxOf(headers: OutgoingHttpHeaders): number {
  const perField = 2 * integerBytesMax;
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name] ?? "";
    for (const one of Array.isArray(value) ? value : [value])
      bytes += name.length + String(one).length + perField;
  }
  return bytes;
}

/** Upper bound of an encoded integer, in bytes. */
const integerBytesMax = 6;

function writeField(writer: Writer, name: string, value: string): void {
  const whole = name.charCodeAt(0) === colon ? wholeFields.get(`${name}\0${value}`) : undefined;
  if (whole !== undefined) {
    writer.bytes[writer.at] = whole;
    writer.at += 1;
    return;
  }
  const index = indexes.get(name);
  if (index === undefined && !isHeaderName(name))
    throw new TypeError("a header has a name that none may have");
  if (!isHeaderValue(value)) throw new TypeError(`header ${name} has characters that none may have`);
  writeInteger(writer, index ?? 0, literalIndexBits);
  if (index === undefined) writeText(writer, name);
  writeText(writer, value);
}

const colon = ":".charCodeAt(0);

function writeText(writer: Writer, text: string): void {
  writeInteger(writer, text.length, 7);
  writer.at += writer.bytes.write(text, writer.at, "latin1");
}

/** Writes an integer with a prefix of N bits; the other bits of the first byte are 0. */
function writeInteger(writer: Writer, value: number, prefixBits: number): void {
  const { bytes } = writer;
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    bytes[writer.at] = value;
    writer.at += 1;
    return;
  }
  bytes[writer.at] = mask;
  writer.at += 1;
  let rest = value - mask;
  for (; rest > 0x7f; rest >>>= 7) {
    bytes[writer.at] = (rest & 0x7f) | 0x80;
    writer.at += 1;
  }
  bytes[writer.at] = rest;
  writer.at += 1;
}
