import type { Logger } from "../../services/lib/telemetry/log.ts";
import type { OpenStore, Store } from "./store.ts";

/** How long a store that failed is left alone, in milliseconds. */
const pauseMs = 1_000;

/** A connection that is made again after it failed. */
export type StoreConnection = AsyncDisposable & {
  /** The store, or undefined while there is none: then it is being connected to, or left alone for a moment. */
  current(): Store | undefined;
  /** Waits for the first attempt to connect. */
  readonly tried: Promise<void>;
  /** Gives a connection up that failed. */
  lose(error: unknown): void;
};

/** Calls `found` whenever there is a store again. */
export function connectStore(open: OpenStore, log: Logger, found: () => void): StoreConnection {
  let store: Store | undefined;
  let isAway = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const drop = async (dropped: Store | undefined): Promise<void> => {
    try {
      await dropped?.[Symbol.asyncDispose]();
    } catch {
      // It failed already.
    }
  };
  const connect = async (): Promise<void> => {
    try {
      const opened = await open();
      if (closed) return drop(opened);
      store = opened;
      if (isAway) log.info("the store of the rate limits is back");
      isAway = false;
      found();
    } catch (error) {
      lose(error);
    }
  };
  const lose = (error: unknown) => {
    if (!isAway && !closed) {
      log.error({ err: error }, "the store of the rate limits fails: each process counts for itself");
    }
    isAway = true;
    void drop(store);
    store = undefined;
    if (!closed) timer = setTimeout(connect, pauseMs).unref();
  };
  const tried = connect();
  return {
    current: () => store,
    tried,
    lose,
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await drop(store);
      store = undefined;
    },
  };
}
