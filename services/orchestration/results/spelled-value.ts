/** A value of a result as the contract spells it. Numbers are finite. */
export type SpelledValue =
  | null
  | boolean
  | number
  | string
  | readonly SpelledValue[]
  | { readonly [key: string]: SpelledValue };

/** Bytes of protobuf's tags and lengths around a value, at the most. */
const headBytes = 12;

/** Bytes that a value takes as a google.protobuf.Value, or a few more. */
export function wireBytes(value: SpelledValue): number {
  if (typeof value === "string") return headBytes + Buffer.byteLength(value);
  if (value === null || typeof value !== "object") return headBytes;
  if (isList(value)) return value.reduce<number>((sum, item) => sum + wireBytes(item), headBytes);
  return Object.entries(value).reduce(
    (sum, [key, item]) => sum + headBytes + Buffer.byteLength(key) + wireBytes(item),
    headBytes,
  );
}

export const isList = (value: object): value is readonly SpelledValue[] => Array.isArray(value);

/** A floating-point number: a string where JSON has no number for it. */
export const spellDouble = (value: number): SpelledValue => (Number.isFinite(value) ? value : String(value));
