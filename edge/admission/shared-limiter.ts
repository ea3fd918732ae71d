import { randomUUID } from "node:crypto";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { createHeldPermits } from "./held-permits.ts";
import { isGranted, type LimitRequest, type LimitState } from "./limit.ts";
import { type Acquisition, type Limiter, toAcquisition } from "./limiter.ts";
import { createLocalLimiter } from "./local-limiter.ts";
import type { OpenStore, Store } from "./store.ts";
import { connectStore } from "./store-connection.ts";
import { withTimeout } from "./with-timeout.ts";

type Times = {
  /** A call waits this long for the store. Then this process decides by its own count. In milliseconds. */
  readonly waitMs: number;
  /** Lease of this process's permits, in milliseconds. */
  readonly leaseMs: number;
  /** Interval in which the lease is renewed, in milliseconds. */
  readonly renewMs: number;
};
const standardTimes: Times = { waitMs: 50, leaseMs: 15_000, renewMs: 5_000 };
/** Timeout of a batch, after which the connection is dropped, in milliseconds. */
const batchMs = 2_000;
/** How long the start waits for the store, in milliseconds. */
const startMs = 2_000;
/** Calls of a batch, and charges. */
const callsMax = 500;

type PendingCall = {
  readonly requests: readonly LimitRequest[];
  readonly resolve: (acquisition: Acquisition) => void;
};

/**
 * Counts in a store that several processes share. One batch is in flight at a time, and calls during it go into the next: a
 * slow store gets larger batches, not more of them. While the store does not answer, the same limits hold for each process.
 */
export async function createSharedLimiter(
  open: OpenStore,
  log: Logger,
  times: Partial<Times> = {},
): Promise<Limiter> {
  const { waitMs, leaseMs, renewMs } = { ...standardTimes, ...times };
  const holder = randomUUID();
  const local = createLocalLimiter();
  const permits = createHeldPermits();
  const queue: PendingCall[] = [];
  const charges: LimitRequest[] = [];
  let isSending = false;
  let sent = Promise.resolve();
  let isLate = false;

  const decideLocally = (calls: PendingCall[]) => {
    for (const { requests, resolve } of calls.splice(0)) resolve(local.acquire(requests) as Acquisition);
  };
  const releaseOne = (key: string) => {
    permits.remove(key);
    void send();
  };
  const settle = ({ requests, resolve }: PendingCall, states: readonly LimitState[]) => {
    const areGranted = states.every(isGranted);
    if (areGranted) for (const { key } of requests) permits.add(key);
    resolve(toAcquisition(requests, states, areGranted, releaseOne));
  };
  const sendBatch = async (store: Store): Promise<void> => {
    const pending = queue.splice(0, callsMax);
    const calls = pending.map(({ requests }) => requests);
    const held = permits.changes();
    const batch = { holder, leaseMs, held, charges: charges.splice(0, callsMax), calls };
    const late = afterTimeout(waitMs, () => {
      isLate = true;
      decideLocally(pending);
      decideLocally(queue);
    });
    // The store may have granted permits to calls that did not wait for them, or may have lost permits.
    const repair = () => permits.resend(calls.flatMap((requests) => requests.map(({ key }) => key)));
    try {
      const states = await withTimeout(batchMs, store.apply(batch));
      if (states.length !== calls.length) throw new Error("the store answered too few calls");
      if (isLate) repair();
      for (const [at, call] of pending.entries()) settle(call, states[at] as LimitState[]);
    } catch (error) {
      repair();
      permits.resend(held.map(({ key }) => key));
      connection.fail(error);
      decideLocally(pending);
    } finally {
      late[Symbol.dispose]();
      isLate = false;
    }
  };
  const hasWork = () => queue.length > 0 || charges.length > 0 || permits.hasChanges;
  const sendAll = async (): Promise<void> => {
    isSending = true;
    for (let store = connection.current(); store && hasWork(); store = connection.current()) {
      await sendBatch(store);
    }
    decideLocally(queue);
    isSending = false;
  };
  const send = (): Promise<void> => {
    if (!isSending) sent = sendAll();
    return sent;
  };
  const resendAll = () => {
    permits.resend();
    void send();
  };

  const connection = connectStore(open, log, resendAll);
  const renewal = setInterval(resendAll, renewMs).unref();
  await withTimeout(startMs, connection.firstAttempt).catch(() => undefined);
  return {
    acquire(requests) {
      if (isLate || !connection.current()) return local.acquire(requests);
      return new Promise((resolve) => {
        queue.push({ requests, resolve });
        void send();
      });
    },
    charge(request) {
      if (isLate || !connection.current()) return local.charge(request);
      charges.push(request);
      void send();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      // Permits that were released last must not stay taken until their lease ends.
      await send();
      await connection[Symbol.asyncDispose]();
    },
  };
}

/**
 * Runs `work` after a timeout unless disposed, and after input that has arrived by then: a process that was blocked for
 * longer than the timeout has not been waiting for the store.
 */
function afterTimeout(ms: number, work: () => void): Disposable {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(work);
  }, ms);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
