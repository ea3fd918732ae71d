import type { ColumnValues } from "../parquet/column-values.ts";
import type { ColumnStats } from "../protocol.ts";
import type { RowBatch } from "./row-batch.ts";

/** Decodes one column and buffers its values until they are taken. */
export type Column = {
  /** Appends the column's values of a batch; `first` is the index of the first one in the batch's lists. */
  append(batch: RowBatch, first: number): void;
  /** Size of the buffered values. */
  readonly bytes: number;
  /** Returns the values since the previous call. */
  take(): ColumnValues;
  /** Statistics of all taken values. */
  stats(): ColumnStats;
};
