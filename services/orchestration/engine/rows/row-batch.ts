/** Some rows of a binary COPY: where each of their values lies. */
export type RowBatch = {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly rowCount: number;
  /** Rows that the two lists have room for: the first value of column `c` stands at `c * rowsMax`. */
  readonly rowsMax: number;
  readonly places: Int32Array;
  /** -1 for a value that is missing. */
  readonly sizes: Int32Array;
};
