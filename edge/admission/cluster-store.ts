import type { Worker } from "node:cluster";
import type { LimitState } from "./limit.ts";
import { applyBatch, type LimitTable } from "./limit-table.ts";
import type { Batch, Store } from "./store.ts";

/** Messages between a worker and the primary process. */
type BatchMessage = { readonly limitsBatch: number; readonly batch: Batch };
type StatesMessage = { readonly limitsBatch: number; readonly states: LimitState[][] };

/** Counts in the table of the primary process. */
export async function openClusterStore(): Promise<Store> {
  const pending = new Map<number, (states: LimitState[][]) => void>();
  let last = 0;
  const receive = (message: unknown) => {
    if (!isOurs<StatesMessage>(message)) return;
    pending.get(message.limitsBatch)?.(message.states);
    pending.delete(message.limitsBatch);
  };
  process.on("message", receive);
  return {
    apply(batch) {
      last += 1;
      const limitsBatch = last;
      return new Promise((resolve, reject) => {
        pending.set(limitsBatch, resolve);
        process.send?.({ limitsBatch, batch } satisfies BatchMessage, undefined, undefined, (error) => {
          if (error) reject(error);
        });
      });
    },
    async [Symbol.asyncDispose]() {
      process.off("message", receive);
    },
  };
}

/** Applies a worker's batches to the primary's table, and releases the worker's permits when it exits. */
export function serveClusterStore(worker: Worker, table: LimitTable): void {
  const holders = new Set<string>();
  const receive = (message: unknown) => {
    if (!isOurs<BatchMessage>(message)) return;
    const { limitsBatch, batch } = message;
    holders.add(batch.holder);
    const states = applyBatch(table, batch);
    // A send fails only if the worker has exited.
    worker.send({ limitsBatch, states } satisfies StatesMessage, () => undefined);
  };
  worker.on("message", receive);
  worker.once("exit", () => {
    // A message can arrive after the exit. Its permits would never be released.
    worker.off("message", receive);
    for (const holder of holders) table.release(holder);
  });
}

const isOurs = <T extends BatchMessage | StatesMessage>(message: unknown): message is T =>
  typeof message === "object" && message !== null && "limitsBatch" in message;
