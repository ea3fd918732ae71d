import { beforeAbort } from "../timing/before-abort.ts";

/** Work whose result several callers share. The result is disposed when the last of them has disposed it. */
export type SharedWork<T> = {
  /**
   * Starts the work of a key, or joins it if it is running. A caller leaves when its signal aborts. The work continues for the
   * others and is aborted when the last one leaves. A failure is thrown to every waiting caller.
   */
  join(
    key: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T & Disposable>,
  ): Promise<Shared<T>>;
};

type Shared<T> = { readonly value: T } & Disposable;

type Running<T> = {
  readonly result: Promise<T & Disposable>;
  readonly stop: AbortController;
  users: number;
};

export function createSharedWork<T>(): SharedWork<T> {
  const running = new Map<string, Running<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T & Disposable>): Running<T> {
    const stop = new AbortController();
    const result = work(stop.signal);
    const started: Running<T> = { result, stop, users: 0 };
    running.set(key, started);
    // Later callers start again, and find the stored result or repeat the failure.
    const end = () => {
      if (running.get(key) === started) running.delete(key);
    };
    result.then(end, end);
    return started;
  }

  function leave(key: string, left: Running<T>, reason?: unknown): void {
    left.users -= 1;
    if (left.users > 0) return;
    if (running.get(key) === left) running.delete(key);
    left.stop.abort(reason);
    left.result.then(
      (value) => value[Symbol.dispose](),
      () => {},
    );
  }

  return {
    async join(key, signal, work) {
      signal.throwIfAborted();
      const joined = running.get(key) ?? start(key, work);
      joined.users += 1;
      try {
        const value = await beforeAbort(joined.result, signal);
        using stack = new DisposableStack();
        stack.defer(() => leave(key, joined));
        const owned = stack.move();
        return { value, [Symbol.dispose]: () => owned.dispose() };
      } catch (error) {
        leave(key, joined, signal.reason);
        throw error;
      }
    },
  };
}
