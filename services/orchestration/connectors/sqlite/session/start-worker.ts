import { Worker } from "node:worker_threads";
import { executionTooLarge, sourceDataInvalid, sourceUnreachable } from "../../../errors.ts";
import { fromSentFailure } from "../../../source-process/sent-failure.ts";
import type { SessionOperations } from "./operations.ts";
import type { FromWorker, ToWorker, WorkerInput } from "./protocol.ts";

/** Heap of a worker's JavaScript. SQLite's memory is bounded by itself. */
const heapMiB = 192;

/** A session in a thread of its own: SQLite blocks it, and it can be ended at any time. */
export type SessionWorker = AsyncDisposable & {
  call<Name extends keyof SessionOperations>(
    name: Name,
    ...args: Parameters<SessionOperations[Name]>
  ): Promise<ReturnType<SessionOperations[Name]>>;
  /** Stops the statement that the last call runs, if it does; its call fails. */
  stop(): void;
  /** Lets the process end while the worker is idle, or not. */
  setIdle(isIdle: boolean): void;
  /** Aborts when the worker has ended. */
  readonly closed: AbortSignal;
};

type Pending = { resolve(result: unknown): void; reject(error: unknown): void };

export function startSessionWorker(input: Omit<WorkerInput, "stopped">): SessionWorker {
  const stopped = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { ...input, stopped } satisfies WorkerInput;
  const worker = new Worker(new URL("worker.ts", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  });
  const pending = new Map<number, Pending>();
  const closed = new AbortController();
  let lastId = 0;

  function end(error: Error): void {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    closed.abort(error);
  }

  worker.on("message", (message: FromWorker) => {
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if ("failure" in message) waiting?.reject(fromSentFailure(message.failure));
    else waiting?.resolve(message.result);
  });
  worker.on("error", (error: NodeJS.ErrnoException) =>
    end(
      error.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? executionTooLarge("the rows take more memory than one session may use")
        : sourceDataInvalid("SQLite failed on the database: the file is damaged"),
    ),
  );
  worker.on("exit", () => end(sourceUnreachable("the session with the database has ended")));
  return {
    closed: closed.signal,
    call(name, ...args) {
      if (closed.signal.aborted) return Promise.reject(closed.signal.reason);
      lastId += 1;
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      pending.set(lastId, { resolve: resolve as Pending["resolve"], reject });
      worker.postMessage({ id: lastId, name, args } satisfies ToWorker);
      return promise;
    },
    setIdle: (isIdle) => (isIdle ? worker.unref() : worker.ref()),
    stop: () => void Atomics.store(stopped, 0, lastId),
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}
