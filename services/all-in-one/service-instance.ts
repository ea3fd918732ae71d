import type { Run } from "../lib/process/lifetime.ts";

/** A service running in this process until disposed. */
export type ServiceInstance = AsyncDisposable & {
  readonly address: string;
  /** Settles when the service ends, by itself or after disposal. */
  readonly ended: Promise<void>;
};

/** Starts a service as its own main.ts does. Resolves once it accepts calls. */
export async function startService<Config>(run: Run<Config>, config: Config): Promise<ServiceInstance> {
  const stop = new AbortController();
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  const ended = run(config, stop.signal, resolve);
  ended.then(() => reject(new Error("ended before it was ready")), reject);
  const address = await ready;
  return {
    address,
    ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}
