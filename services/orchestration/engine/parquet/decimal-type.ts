export type Decimal = { readonly precision: number; readonly scale: number };

/** Longest precision that Parquet stores as INT32 and as INT64; longer decimals take 16 bytes. */
export const int32DigitsMax = 9;
export const int64DigitsMax = 18;

/** Parses `DECIMAL(p,s)`; undefined for another type. */
export function decimalOf(dataType: string): Decimal | undefined {
  const [, precision, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(dataType) ?? [];
  return precision === undefined ? undefined : { precision: Number(precision), scale: Number(scale) };
}
