/** A value in the JSON encoding of the contract. Numbers are finite. */
export type EncodedValue =
  | null
  | boolean
  | number
  | string
  | readonly EncodedValue[]
  | { readonly [key: string]: EncodedValue };

/** Upper bound of protobuf's tags and lengths around a value, in bytes. */
const headBytes = 12;

/** Upper bound of a value's size as a google.protobuf.Value, in bytes. */
export function wireBytes(value: EncodedValue): number {
  if (typeof value === "string") return headBytes + Buffer.byteLength(value);
  if (value === null || typeof value !== "object") return headBytes;
  if (isList(value)) return value.reduce<number>((sum, item) => sum + wireBytes(item), headBytes);
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + headBytes + Buffer.byteLength(key) + wireBytes(item),
    headBytes,
  );
}

export const isList = (value: object): value is readonly EncodedValue[] => Array.isArray(value);

/** Encodes a floating-point number. NaN and the infinities become strings, because JSON has no such numbers. */
export const encodeDouble = (value: number): EncodedValue => (Number.isFinite(value) ? value : String(value));
