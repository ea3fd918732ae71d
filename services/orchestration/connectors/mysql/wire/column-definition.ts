/** A column of a result, as the server describes it. */
export type ColumnDefinition = {
  readonly name: string;
  /** Code of the type in the protocol. */
  readonly type: number;
  readonly isUnsigned: boolean;
  /** Whether the values are bytes and not text. Numbers and times are so, too. */
  readonly isBinary: boolean;
  /** Characters of the longest value. */
  readonly length: number;
  /** Digits after the point. */
  readonly decimals: number;
  /** MariaDB's name of a type that the protocol has no code for, as `uuid`; empty without. */
  readonly extendedType: string;
};

const unsignedFlag = 32;
const binaryCharset = 63;
/** Bytes of the fields after the names. */
const fixedBytes = 12;
const namesBefore = 4;

/** Parses a column definition; undefined if its lengths do not match. */
export function parseColumn(body: Buffer, hasExtension: boolean): ColumnDefinition | undefined {
  let at = 0;
  const text = (): string | undefined => {
    const field = readBytes(body, at);
    if (!field) return undefined;
    at = field.end;
    return body.toString("utf8", field.start, field.end);
  };
  for (let index = 0; index < namesBefore; index += 1) if (text() === undefined) return undefined;
  const name = text();
  if (name === undefined || text() === undefined) return undefined;
  const extension = hasExtension ? readBytes(body, at) : undefined;
  if (hasExtension && !extension) return undefined;
  if (extension) at = extension.end;
  if (body[at] !== fixedBytes || body.length !== at + 1 + fixedBytes) return undefined;
  return {
    name,
    isBinary: body.readUInt16LE(at + 1) === binaryCharset,
    length: body.readUInt32LE(at + 3),
    type: body.readUInt8(at + 7),
    isUnsigned: (body.readUInt16LE(at + 8) & unsignedFlag) !== 0,
    decimals: body.readUInt8(at + 10),
    extendedType: extension ? extendedTypeOf(body.subarray(extension.start, extension.end)) : "",
  };
}

/** MariaDB's extension: pairs of a code, 0 for a type and 1 for a format, and a text. */
function extendedTypeOf(extension: Buffer): string {
  let found = "";
  for (let at = 0; at < extension.length; ) {
    const field = readBytes(extension, at + 1);
    if (!field) return found;
    found = extension.toString("latin1", field.start, field.end);
    at = field.end;
  }
  return found;
}

/** Bounds of bytes that follow their length; undefined if they do not fit. The largest lengths are never used. */
export function readBytes(body: Buffer, at: number): { start: number; end: number } | undefined {
  const first = body[at];
  if (first === undefined) return undefined;
  const extra = first < 0xfb ? 0 : extraBytes[first];
  if (extra === undefined || at + 1 + extra > body.length) return undefined;
  const start = at + 1 + extra;
  const length =
    extra === 0 ? first : extra === 8 ? Number(body.readBigUInt64LE(at + 1)) : body.readUIntLE(at + 1, extra);
  return start + length <= body.length ? { start, end: start + length } : undefined;
}

/** Bytes of a length after these first bytes. */
const extraBytes: Readonly<Record<number, number>> = { 252: 2, 253: 3, 254: 8 };
