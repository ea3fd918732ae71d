/**
 * Longest value that a statistic holds, in bytes. Parquet writers truncate longer ones: the minimum to a prefix, the maximum to
 * something greater.
 */
export const statisticBytesMax = 255;

/** The values of one column of a row group. */
export type ColumnValues = {
  /** The non-null values, encoded. */
  readonly parts: readonly ValuesPart[];
  readonly dictionary: Dictionary | undefined;
  readonly rowCount: number;
  readonly nullCount: number;
  /** One bit per row, set if it is not null. */
  readonly present: Uint8Array;
  /** Encoded bounds; undefined if there is no value or it is too long. */
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
};

/** Values of consecutive rows in one encoding. */
export type ValuesPart = {
  readonly bytes: Uint8Array;
  readonly rowCount: number;
  readonly isDictionaryEncoded: boolean;
};

type Dictionary = { readonly bytes: Uint8Array; readonly count: number };
