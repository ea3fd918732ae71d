import { encodeFieldHeader, encodeInteger, encodeListHeader, encodeVarint, wireTypes } from "./encode.ts";

/** A Thrift value that can append its own encoding. */
export type ThriftValue = { readonly type: number; write(bytes: number[]): void };

type ThriftFields = readonly (readonly [id: number, value: ThriftValue | undefined])[];

export const i32 = (value: number): ThriftValue => integer(wireTypes.i32, value);
export const i64 = (value: number): ThriftValue => integer(wireTypes.i64, value);

/** A boolean field has no bytes: the type in its header is the value. */
export const bool = (value: boolean): ThriftValue => ({
  type: value ? wireTypes.true : wireTypes.false,
  write() {},
});

const integer = (type: number, value: number): ThriftValue => ({
  type,
  write: (bytes) => void bytes.push(...encodeInteger(BigInt(value))),
});

export const binary = (value: Uint8Array | string): ThriftValue => ({
  type: wireTypes.binary,
  write(bytes) {
    const content = typeof value === "string" ? Buffer.from(value) : value;
    bytes.push(...encodeVarint(content.length), ...content);
  },
});

export const list = (values: readonly ThriftValue[]): ThriftValue => ({
  type: wireTypes.list,
  write(bytes) {
    bytes.push(...encodeListHeader(values.length, values[0]?.type ?? wireTypes.struct));
    for (const value of values) value.write(bytes);
  },
});

/** Fields in the order of their ids; undefined values are omitted. */
export const struct = (fields: ThriftFields): ThriftValue => ({
  type: wireTypes.struct,
  write(bytes) {
    let previousId = 0;
    for (const [id, value] of fields) {
      if (!value) continue;
      bytes.push(...encodeFieldHeader({ id, type: value.type }, previousId));
      value.write(bytes);
      previousId = id;
    }
    bytes.push(wireTypes.stop);
  },
});

/** A union is a struct with exactly one field. */
export const union = (id: number, fields: ThriftFields = []): ThriftValue => struct([[id, struct(fields)]]);

/** A value that is already encoded. */
export const encoded = (type: number, content: Uint8Array): ThriftValue => ({
  type,
  write(bytes) {
    for (const byte of content) bytes.push(byte);
  },
});

export function encodeThrift(value: ThriftValue): Buffer {
  const bytes: number[] = [];
  value.write(bytes);
  return Buffer.from(bytes);
}
