// Thrift's compact protocol, as far as it takes to change some fields of a message and to keep all others byte by byte. The
// bytes are not trusted: whatever they say, reading ends within them.

/** The bytes are not what they should be; the message says where. */
export class MalformedFootError extends Error {
  override name = "MalformedFootError";
}

export const wireTypes = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
} as const;

/** Structs and containers within each other. */
const depthMax = 32;
const varintBytesMax = 10;
const elementsMax = 2 ** 31;

/** A place in some bytes, which moves as they are read. */
export type Cursor = { readonly bytes: Buffer; offset: number; readonly end: number };

export const cursorOn = (bytes: Buffer, offset = 0, end = bytes.length): Cursor => ({ bytes, offset, end });

export const malformed = (what: string): MalformedFootError =>
  new MalformedFootError(`the foot is malformed: ${what}`);

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

/** A signed number of 16, 32 or 64 bits. */
export function readInteger(cursor: Cursor, type: number): bigint {
  if (type !== wireTypes.i16 && type !== wireTypes.i32 && type !== wireTypes.i64) {
    throw malformed(`a number has the type ${type}`);
  }
  const coded = readVarint(cursor);
  return BigInt.asIntN(64, (coded >> 1n) ^ -(coded & 1n));
}

export function encodeInteger(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function readSize(cursor: Cursor): number {
  const size = readVarint(cursor);
  if (size >= elementsMax) throw malformed("a size is too large");
  return Number(size);
}

/** The head of a list: how many elements of which type follow. */
export function readListHead(cursor: Cursor): { count: number; type: number } {
  const head = readByte(cursor);
  const count = head >> 4 === 15 ? readSize(cursor) : head >> 4;
  // Each takes a byte at least.
  if (count > cursor.end - cursor.offset) throw malformed("a list is longer than the rest");
  return { count, type: head & 0x0f };
}

export function encodeListHead(count: number, type: number): Buffer {
  if (count < 15) return Buffer.from([(count << 4) | type]);
  const size: number[] = [];
  let rest = count;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) size.push((rest & 0x7f) | 0x80);
  return Buffer.from([0xf0 | type, ...size, rest]);
}

export type Field = { readonly id: number; readonly type: number };

/** The head of a struct's next field; undefined at its end. */
function readFieldHead(cursor: Cursor, previousId: number): Field | undefined {
  const head = readByte(cursor);
  const type = head & 0x0f;
  if (type === wireTypes.stop) return undefined;
  const delta = head >> 4;
  const id = delta > 0 ? previousId + delta : Number(readInteger(cursor, wireTypes.i16));
  // In order, so that no field comes twice.
  if (id <= previousId || id > 0x7fff) throw malformed("fields are out of order");
  return { id, type };
}

function encodeFieldHead({ id, type }: Field, previousId: number): Buffer {
  const delta = id - previousId;
  if (delta <= 15) return Buffer.from([(delta << 4) | type]);
  return Buffer.concat([Buffer.from([type]), encodeInteger(BigInt(id))]);
}

/** Visits the fields of a struct; `visit` answers whether it has read the value, which is skipped otherwise. */
export function readStruct(cursor: Cursor, visit: (field: Field) => boolean, depth = 0): void {
  if (depth > depthMax) throw malformed("it is nested too deep");
  let previousId = 0;
  for (;;) {
    const field = readFieldHead(cursor, previousId);
    if (!field) return;
    previousId = field.id;
    if (!visit(field)) skip(cursor, field.type, depth + 1);
  }
}

/** Moves behind a value. A boolean that is a field's has none: it is in the field's type. */
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
  const { count, type } = readListHead(cursor);
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

/** A boolean in a container takes a byte. */
function skipElement(cursor: Cursor, type: number, depth: number): void {
  if (type === wireTypes.true || type === wireTypes.false) advance(cursor, 1);
  else skip(cursor, type, depth);
}

/** Reads a field's value and answers the bytes of another one of the same type; undefined leaves the field out. */
export type Rewrite = (cursor: Cursor, type: number) => Buffer | undefined;

/** A struct with some of its fields rewritten; all others are kept byte by byte. */
export function rewriteStruct(cursor: Cursor, rewrites: Readonly<Record<number, Rewrite>>): Buffer {
  const parts: Buffer[] = [];
  let writtenId = 0;
  readStruct(cursor, (field) => {
    const start = cursor.offset;
    const rewrite = rewrites[field.id];
    if (!rewrite) skip(cursor, field.type);
    const value = rewrite ? rewrite(cursor, field.type) : cursor.bytes.subarray(start, cursor.offset);
    if (value === undefined) return true;
    parts.push(encodeFieldHead(field, writtenId), value);
    writtenId = field.id;
    return true;
  });
  parts.push(Buffer.from([wireTypes.stop]));
  return Buffer.concat(parts);
}

/** Leaves a field out. */
export const drop: Rewrite = (cursor, type) => {
  skip(cursor, type);
  return undefined;
};
