import { type Field, wireTypes } from "./encode.ts";

// Reads Thrift's compact protocol from untrusted bytes: every length is checked against the bytes that are left.

/** The footer of a Parquet file can't be decoded. */
export class MalformedFooterError extends Error {
  override name = "MalformedFooterError";
}

/** Levels of nested structs and containers. */
const depthMax = 32;
const varintBytesMax = 10;
const elementsMax = 2 ** 31;

/** A read position that advances, and the end that it must not pass. */
export type Cursor = { readonly bytes: Buffer; offset: number; readonly end: number };

export const cursorOn = (bytes: Buffer, offset = 0, end = bytes.length): Cursor => ({ bytes, offset, end });

export const malformed = (what: string): MalformedFooterError =>
  new MalformedFooterError(`the footer is malformed: ${what}`);

function readByte(cursor: Cursor): number {
  if (cursor.offset >= cursor.end) throw malformed("it ends within a value");
  const byte = cursor.bytes[cursor.offset] ?? 0;
  cursor.offset += 1;
  return byte;
}

function advance(cursor: Cursor, count: number): void {
  if (count > cursor.end - cursor.offset) throw malformed("a value is longer than the rest");
  cursor.offset += count;
}

function readVarint(cursor: Cursor): bigint {
  let value = 0n;
  for (let index = 0; index < varintBytesMax; index += 1) {
    const byte = readByte(cursor);
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if ((byte & 0x80) === 0) return value;
  }
  throw malformed("a number has too many bytes");
}

function skipVarint(cursor: Cursor): void {
  for (let index = 0; index < varintBytesMax; index += 1) if (readByte(cursor) < 0x80) return;
  throw malformed("a number has too many bytes");
}

/** Reads an i16, i32 or i64. */
export function readInteger(cursor: Cursor, type: number): bigint {
  if (type !== wireTypes.i16 && type !== wireTypes.i32 && type !== wireTypes.i64) {
    throw malformed(`a number has the type ${type}`);
  }
  const coded = readVarint(cursor);
  return BigInt.asIntN(64, (coded >> 1n) ^ -(coded & 1n));
}

function readSize(cursor: Cursor): number {
  const size = readVarint(cursor);
  if (size >= elementsMax) throw malformed("a size is too large");
  return Number(size);
}

export function readListHeader(cursor: Cursor): { count: number; type: number } {
  const header = readByte(cursor);
  const count = header >> 4 === 15 ? readSize(cursor) : header >> 4;
  // An element takes at least one byte.
  if (count > cursor.end - cursor.offset) throw malformed("a list is longer than the rest");
  return { count, type: header & 0x0f };
}

/** Reads the header of the next field; undefined at the end of the struct. */
function readFieldHeader(cursor: Cursor, previousId: number): Field | undefined {
  const header = readByte(cursor);
  const type = header & 0x0f;
  if (type === wireTypes.stop) return undefined;
  const delta = header >> 4;
  const id = delta > 0 ? previousId + delta : Number(readInteger(cursor, wireTypes.i16));
  // Ascending ids rule out duplicate fields.
  if (id <= previousId || id > 0x7fff) throw malformed("fields are out of order");
  return { id, type };
}

/** Visits the fields of a struct. `visit` returns whether it read the value; otherwise the value is skipped. */
export function readStruct(cursor: Cursor, visit: (field: Field) => boolean, depth = 0): void {
  if (depth > depthMax) throw malformed("it is nested too deep");
  let previousId = 0;
  for (;;) {
    const field = readFieldHeader(cursor, previousId);
    if (!field) return;
    previousId = field.id;
    if (!visit(field)) skip(cursor, field.type, depth + 1);
  }
}

/** Skips a value. A boolean field has no bytes: its type is the value. */
export function skip(cursor: Cursor, type: number, depth = 0): void {
  switch (type) {
    case wireTypes.true:
    case wireTypes.false:
      return;
    case wireTypes.byte:
      advance(cursor, 1);
      return;
    case wireTypes.i16:
    case wireTypes.i32:
    case wireTypes.i64:
      skipVarint(cursor);
      return;
    case wireTypes.double:
      advance(cursor, 8);
      return;
    case wireTypes.binary:
      advance(cursor, readSize(cursor));
      return;
    case wireTypes.list:
    case wireTypes.set:
      skipList(cursor, depth);
      return;
    case wireTypes.map:
      skipMap(cursor, depth);
      return;
    case wireTypes.struct:
      readStruct(cursor, () => false, depth);
      return;
    default:
      throw malformed(`there is no type ${type}`);
  }
}

function skipList(cursor: Cursor, depth: number): void {
  if (depth > depthMax) throw malformed("it is nested too deep");
  const { count, type } = readListHeader(cursor);
  for (let index = 0; index < count; index += 1) skipElement(cursor, type, depth + 1);
}

function skipMap(cursor: Cursor, depth: number): void {
  if (depth > depthMax) throw malformed("it is nested too deep");
  const count = readSize(cursor);
  if (count === 0) return;
  if (count > cursor.end - cursor.offset) throw malformed("a map is longer than the rest");
  const types = readByte(cursor);
  for (let index = 0; index < count; index += 1) {
    skipElement(cursor, types >> 4, depth + 1);
    skipElement(cursor, types & 0x0f, depth + 1);
  }
}

/** Unlike a boolean field, a boolean in a container takes one byte. */
function skipElement(cursor: Cursor, type: number, depth: number): void {
  if (type === wireTypes.true || type === wireTypes.false) advance(cursor, 1);
  else skip(cursor, type, depth);
}
