import { Worker } from "node:worker_threads";
import type { Near } from "../nearness.ts";
import type { Query, Shape, VectorBatch } from "./vector-columns.ts";

/** What the thread can do. `key` names a collection that it holds. */
export type SearchRequest =
  | {
      readonly kind: "apply";
      readonly key: string;
      readonly shape: Shape;
      readonly removed: readonly string[];
      readonly batch: VectorBatch;
    }
  | { readonly kind: "search"; readonly key: string; readonly query: Query }
  | { readonly kind: "scan"; readonly shape: Shape; readonly batch: VectorBatch; readonly query: Query }
  | { readonly kind: "drop"; readonly key: string };

type Kind<Name extends SearchRequest["kind"]> = Omit<Extract<SearchRequest, { kind: Name }>, "kind">;

/** A thread that compares vectors, so that other calls of the process don't wait. It starts with the first request. */
export type SearchThread = AsyncDisposable & {
  /** Removes and upserts. Returns the memory of the collection, in bytes. Takes over the batch's values. */
  apply(request: Kind<"apply">): Promise<number>;
  /** Undefined if the thread does not hold the collection. */
  search(request: Kind<"search">): Promise<Near[] | undefined>;
  /** Searches vectors that it does not keep. Takes over the batch's values. */
  scan(request: Kind<"scan">): Promise<Near[]>;
  drop(key: string): void;
  /** Number of requests that have not been answered. */
  pendingCount(): number;
};

type Pending = { resolve(result: unknown): void; reject(error: Error): void };

/** `onEnd` is called when the thread has ended by itself, and with it all that it held. */
export function createSearchThread(onEnd: () => void): SearchThread {
  let worker: Worker | undefined;
  let nextId = 0;
  const pending = new Map<number, Pending>();

  function fail(failed: Worker, error: Error): void {
    if (worker !== failed) return;
    worker = undefined;
    onEnd();
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  }

  function start(): Worker {
    const started = new Worker(new URL("./search-worker.ts", import.meta.url));
    started.unref();
    started.on("message", ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
      const waiting = pending.get(id);
      pending.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    started.on("error", (error) => fail(started, error instanceof Error ? error : new Error(String(error))));
    started.on("exit", () => fail(started, new Error("the thread of searches has ended")));
    return started;
  }

  async function send<Result>(request: SearchRequest, taken: Float32Array[] = []): Promise<Result> {
    worker ??= start();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    nextId += 1;
    pending.set(nextId, { resolve, reject });
    const buffers = taken.map(({ buffer }) => buffer as ArrayBuffer);
    worker.postMessage({ id: nextId, request }, buffers);
    return (await promise) as Result;
  }

  return {
    apply: (request) => send({ kind: "apply", ...request }, [request.batch.values]),
    search: (request) => send({ kind: "search", ...request }),
    scan: (request) => send({ kind: "scan", ...request }, [request.batch.values]),
    drop(key) {
      if (worker) send({ kind: "drop", key }).catch(() => {});
    },
    pendingCount: () => pending.size,
    async [Symbol.asyncDispose]() {
      const ended = worker;
      worker = undefined;
      await ended?.terminate();
    },
  };
}
