import type { Values } from "../parquet/column-values.ts";
import type { ColumnStats } from "../protocol.ts";
import type { RowBatch } from "./row-batch.ts";

/** Decodes one column of the rows, and keeps its values until they are taken. */
export type Column = {
  /** Takes the column's values of a batch; the first stands at `first` of the batch's lists. */
  append(batch: RowBatch, first: number): void;
  /** What is kept, in bytes. */
  readonly bytes: number;
  /** Answers the values since the last time. */
  take(): Values;
  /** Of all values that were taken. */
  stats(): ColumnStats;
};
