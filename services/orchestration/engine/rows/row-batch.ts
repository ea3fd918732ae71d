/** A batch of rows of a binary COPY, as the offsets and sizes of their values. */
export type RowBatch = {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly rowCount: number;
  /** Capacity of the lists in rows: the values of column `c` start at index `c * rowsMax`. */
  readonly rowsMax: number;
  readonly offsets: Int32Array;
  /** -1 for null. */
  readonly sizes: Int32Array;
};
