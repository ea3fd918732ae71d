import { varint } from "../../rows/pack-indices.ts";

// Thrift's compact protocol, as far as Parquet's metadata takes it.

const types = { true: 1, false: 2, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** A value of Thrift's that knows its encoding. */
export type ThriftValue = { readonly type: number; write(bytes: number[]): void };

export const i32 = (value: number): ThriftValue => integer(types.i32, value);
export const i64 = (value: number): ThriftValue => integer(types.i64, value);
/** Its type is its value. */
export const bool = (value: boolean): ThriftValue => ({ type: value ? types.true : types.false, write() {} });

const integer = (type: number, value: number): ThriftValue => ({
  type,
  write(bytes) {
    // Zigzag: small negative numbers are short, too.
    bytes.push(...varint(value < 0 ? -2 * value - 1 : 2 * value));
  },
});

export const binary = (value: Uint8Array | string): ThriftValue => ({
  type: types.binary,
  write(bytes) {
    const content = typeof value === "string" ? Buffer.from(value) : value;
    bytes.push(...varint(content.length), ...content);
  },
});

export const list = (values: readonly ThriftValue[]): ThriftValue => ({
  type: types.list,
  write(bytes) {
    const type = values[0]?.type ?? types.struct;
    if (values.length < 15) bytes.push((values.length << 4) | type);
    else bytes.push(0xf0 | type, ...varint(values.length));
    for (const value of values) value.write(bytes);
  },
});

/** Fields by their number, in its order; those that are undefined are left out. */
export const struct = (
  fields: readonly (readonly [id: number, value: ThriftValue | undefined])[],
): ThriftValue => ({
  type: types.struct,
  write(bytes) {
    let last = 0;
    for (const [id, value] of fields) {
      if (!value) continue;
      // Numbers grow by less than 16 in all of Parquet's structures.
      bytes.push(((id - last) << 4) | value.type);
      value.write(bytes);
      last = id;
    }
    bytes.push(0);
  },
});

export function encodeThrift(value: ThriftValue): Buffer {
  const bytes: number[] = [];
  value.write(bytes);
  return Buffer.from(bytes);
}
