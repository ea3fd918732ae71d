import type { Database } from "../../lib/database/database.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { executionCancelled } from "../errors.ts";
import { cancellationChannel, listCancelledExecutions } from "../execution-repository.ts";

/** Cancelled executions of this process, whichever process they were cancelled in. */
export type Cancellations = AsyncDisposable & {
  /** A signal that aborts when the execution is cancelled, with the error for its caller; until disposed. */
  watch(executionId: string): Disposable & { readonly signal: AbortSignal };
};

/** How often the records are read for notifications that were lost with their connection, in milliseconds. */
const readEveryMs = 2_000;

/** The record says what was cancelled; a notification only says when to read it. */
export async function listenForCancellations({ db, listen }: Database, log: Logger): Promise<Cancellations> {
  const watched = new Map<string, AbortController>();
  const stop = new AbortController();
  const failureText = "cancelled executions can't be read";

  async function endCancelled(executionIds: readonly string[]): Promise<void> {
    if (executionIds.length === 0) return;
    for (const { executionId, errorMessage } of await listCancelledExecutions(db, executionIds)) {
      watched.get(executionId)?.abort(executionCancelled(errorMessage));
    }
  }

  await listen(cancellationChannel, (executionId) => {
    if (!watched.has(executionId)) return;
    endCancelled([executionId]).catch((err: unknown) => log.warn({ err }, failureText));
  });
  const reading = runPeriodically({ pauseMs: readEveryMs, stop: stop.signal, log, failureText }, () =>
    endCancelled([...watched.keys()]),
  );
  return {
    watch(executionId) {
      const cancelled = new AbortController();
      watched.set(executionId, cancelled);
      return { signal: cancelled.signal, [Symbol.dispose]: () => void watched.delete(executionId) };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading;
    },
  };
}
