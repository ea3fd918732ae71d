import type { Run } from "../lib/process/lifetime.ts";

/** A service that runs inside this process until it is disposed. */
export type Member = AsyncDisposable & {
  readonly address: string;
  /** Settles when the service ends, by itself or because it was told to. */
  readonly ended: Promise<void>;
};

/** Starts a service as its own main.ts does, and answers once it takes calls. */
export async function startMember<Config>(run: Run<Config>, config: Config): Promise<Member> {
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
