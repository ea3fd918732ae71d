import type { Worker } from "node:cluster";
import type { Standing } from "./limit.ts";
import type { Batch, Store } from "./store.ts";
import type { Table } from "./table.ts";

/** What the processes of one edge say to each other: a worker asks, the primary process answers. */
type Question = { readonly limitsBatch: number; readonly batch: Batch };
type Answer = { readonly limitsBatch: number; readonly standings: Standing[][] };

/** Counts in the primary process. */
export async function openClusterStore(): Promise<Store> {
  const waiting = new Map<number, (standings: Standing[][]) => void>();
  let last = 0;
  const hear = (answer: unknown) => {
    if (!isOurs<Answer>(answer)) return;
    waiting.get(answer.limitsBatch)?.(answer.standings);
    waiting.delete(answer.limitsBatch);
  };
  process.on("message", hear);
  return {
    apply(batch) {
      last += 1;
      const limitsBatch = last;
      return new Promise((resolve, reject) => {
        waiting.set(limitsBatch, resolve);
        process.send?.({ limitsBatch, batch } satisfies Question, undefined, undefined, (error) => {
          if (error) reject(error);
        });
      });
    },
    async [Symbol.asyncDispose]() {
      process.off("message", hear);
    },
  };
}

/** Answers a worker's questions from the primary's table, and gives back what it held when it is gone. */
export function serveClusterStore(worker: Worker, table: Table): void {
  const holders = new Set<string>();
  const hear = (question: unknown) => {
    if (!isOurs<Question>(question)) return;
    const { limitsBatch, batch } = question;
    holders.add(batch.holder);
    const standings = applyBatch(table, batch);
    // Nobody misses an answer that does not arrive: its worker is gone.
    worker.send({ limitsBatch, standings } satisfies Answer, () => undefined);
  };
  worker.on("message", hear);
  worker.once("exit", () => {
    // What it said last may come after its end, and nobody would give that back.
    worker.off("message", hear);
    for (const holder of holders) table.release(holder);
  });
}

const isOurs = <T extends Question | Answer>(message: unknown): message is T =>
  typeof message === "object" && message !== null && "limitsBatch" in message;

function applyBatch(table: Table, batch: Batch): Standing[][] {
  for (const { key, calls } of batch.held) table.hold(batch.holder, key, calls);
  for (const ask of batch.charges) table.charge(ask);
  return batch.turns.map((turn) => table.take(batch.holder, turn));
}
