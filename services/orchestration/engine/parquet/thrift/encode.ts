/** Type codes of Thrift's compact protocol. */
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

/** ULEB128 of an unsigned number of up to 53 bits. */
export function encodeVarint(value: number): number[] {
  const bytes = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** ZigZag varint, which keeps small negative numbers short. */
export function encodeInteger(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function encodeListHeader(count: number, type: number): Buffer {
  if (count < 15) return Buffer.from([(count << 4) | type]);
  return Buffer.from([0xf0 | type, ...encodeVarint(count)]);
}

export type Field = { readonly id: number; readonly type: number };

/** A field's id is written as the difference to the previous one, which fits the header when it is below 16. */
export function encodeFieldHeader({ id, type }: Field, previousId: number): Buffer {
  const delta = id - previousId;
  if (delta <= 15) return Buffer.from([(delta << 4) | type]);
  return Buffer.concat([Buffer.from([type]), encodeInteger(BigInt(id))]);
}
