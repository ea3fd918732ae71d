/**
 * Longest value that a statistic holds, in bytes. Parquet writers truncate longer ones: the minimum to a prefix, the maximum to
 * something greater.
 */
export const statisticBytesMax = 255;

/** The values of one column of a row group, and which of its rows have none. */
export type Values = {
  /** As many as rows have one, encoded. */
  readonly parts: readonly ValuesPart[];
  readonly dictionary: Dictionary | undefined;
  readonly rowCount: number;
  readonly nullCount: number;
  /** A bit for each row, set where there is a value. */
  readonly present: Uint8Array;
  /** Smallest and largest value, encoded; undefined where there is none or it is too long. */
  readonly min: Uint8Array | undefined;
  readonly max: Uint8Array | undefined;
};

/** Values of some rows that follow each other. */
export type ValuesPart = {
  readonly bytes: Uint8Array;
  readonly rowCount: number;
  readonly isByDictionary: boolean;
};

type Dictionary = { readonly bytes: Uint8Array; readonly count: number };
