import type { Database } from "../../lib/database/database.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { executionCancelled } from "../errors.ts";
import { cancellationChannel, listCancelledExecutions } from "../execution-repository.ts";

/** Delivers cancellations to the executions of this process. CancelExecution may run in any process. */
export type Cancellations = AsyncDisposable & {
  /** Until disposed, `signal` aborts with the error for the caller when the execution is cancelled. */
  watch(executionId: string): Disposable & { readonly signal: AbortSignal };
};

/** Interval of reading the rows, in milliseconds. It covers notifications lost with their connection. */
const readEveryMs = 2_000;

/** The row says whether an execution is cancelled. A notification only triggers reading it. */
export async function listenForCancellations({ db, listen }: Database, log: Logger): Promise<Cancellations> {
  const watched = new Map<string, AbortController>();
  const stop = new AbortController();
  const failureText = "cancelled executions can't be read";

  async function abortCancelled(executionIds: readonly string[]): Promise<void> {
    if (executionIds.length === 0) return;
    for (const { executionId, errorMessage } of await listCancelledExecutions(db, executionIds)) {
      watched.get(executionId)?.abort(executionCancelled(errorMessage));
    }
  }

  await listen(cancellationChannel, (executionId) => {
    if (!watched.has(executionId)) return;
    abortCancelled([executionId]).catch((err: unknown) => log.warn({ err }, failureText));
  });
  const polling = runPeriodically({ pauseMs: readEveryMs, stop: stop.signal, log, failureText }, () =>
    abortCancelled([...watched.keys()]),
  );
  return {
    watch(executionId) {
      const cancelled = new AbortController();
      watched.set(executionId, cancelled);
      return { signal: cancelled.signal, [Symbol.dispose]: () => void watched.delete(executionId) };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await polling;
    },
  };
}
