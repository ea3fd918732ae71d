import type { Logger } from "../../services/lib/telemetry/log.ts";
import type { OpenStore, Store } from "./store.ts";

/** Delay before a reconnect, in milliseconds. */
const reconnectMs = 1_000;

/** A connection that is opened again after it has failed. */
export type StoreConnection = AsyncDisposable & {
  /** Undefined while it is not connected. */
  current(): Store | undefined;
  /** Resolves after the first attempt to connect. */
  readonly firstAttempt: Promise<void>;
  /** Drops a connection that has failed. */
  fail(error: unknown): void;
};

/** Calls `connected` whenever there is a store again. */
export function connectStore(open: OpenStore, log: Logger, connected: () => void): StoreConnection {
  let store: Store | undefined;
  let isAway = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const drop = async (dropped: Store | undefined): Promise<void> => {
    try {
      await dropped?.[Symbol.asyncDispose]();
    } catch {
      // It has failed before.
    }
  };
  const connect = async (): Promise<void> => {
    try {
      const opened = await open();
      if (isClosed) return drop(opened);
      store = opened;
      if (isAway) log.info("the store of the rate limits is back");
      isAway = false;
      connected();
    } catch (error) {
      fail(error);
    }
  };
  const fail = (error: unknown) => {
    if (!isAway && !isClosed) {
      log.error({ err: error }, "the store of the rate limits fails: each process counts for itself");
    }
    isAway = true;
    void drop(store);
    store = undefined;
    if (!isClosed) timer = setTimeout(connect, reconnectMs).unref();
  };
  const firstAttempt = connect();
  return {
    current: () => store,
    firstAttempt,
    fail,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await drop(store);
      store = undefined;
    },
  };
}
