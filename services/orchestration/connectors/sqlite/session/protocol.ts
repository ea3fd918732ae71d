import type { SentFailure } from "../../../source-process/sent-failure.ts";
import type { DatabaseFiles } from "../database/open-database.ts";
import type { ColumnTypes } from "../settings.ts";

export type WorkerInput = DatabaseFiles & {
  readonly columnTypes: ColumnTypes;
  /** One number in memory that both threads share: the id of the call that has to stop. */
  readonly stopped: Int32Array;
};

export type ToWorker = { readonly id: number; readonly name: string; readonly args: readonly unknown[] };

export type FromWorker =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: SentFailure };
