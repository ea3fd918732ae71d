import type { Address, Dial } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { UpstreamLimits } from "./limits.ts";
import { openSession, type Session } from "./session.ts";

/** A connection that was up for this long resets the backoff, in milliseconds. */
const stableMs = 1_000;
const ejectionsMax = 6;

/**
 * Whether a call without a connection should wait: for the next connect, for a restart of the upstream, or not at all.
 */
type Availability = "soon" | "later" | "none";

/** One address of an upstream and its connection. */
export type Endpoint = {
  readonly address: Address;
  /** Calls in flight. */
  calls: number;
  readonly session: Session | undefined;
  readonly availability: Availability;
  /** Whether it is connected and reports that it is serving. */
  isReady(): boolean;
  /** Whether it failed too often to be used while there are others. */
  isEjected(): boolean;
  /** Has no effect if it is connected or connecting. */
  connect(): void;
  /** Records the outcome of an attempt for outlier detection. */
  report(failed: boolean, mayEject: boolean): void;
  /** Takes no new calls; calls in flight may finish. */
  close(): void;
  destroy(): void;
};

/** Connects to an address on the first request to, and again whenever the connection is lost. */
export function createEndpoint(
  address: Address,
  options: { dial: Dial; limits: UpstreamLimits; changed: () => void },
): Endpoint {
  const { limits, changed } = options;
  const outlier = createOutlier(limits);
  const availability = createAvailability(limits, changed);
  let session: Session | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isServing = false;
  let isClosed = false;
  let failures = 0;
  const connect = () => {
    if (session || isClosed) return;
    clearTimeout(timer);
    timer = undefined;
    let readyAtMs: number | undefined;
    const health = (serving: boolean) => {
      readyAtMs ??= Date.now();
      if (!serving && !isClosed) availability.markLost();
      isServing = serving;
      changed();
    };
    const retired = () => {
      session = undefined;
      isServing = false;
      // A closed endpoint must not reconnect: the timer would keep the process from exiting.
      if (isClosed) return;
      const wasStable = readyAtMs !== undefined && Date.now() - readyAtMs > stableMs;
      failures = wasStable ? 0 : failures + 1;
      if (readyAtMs !== undefined) availability.markLost();
      else availability.markFailed();
      // Not synchronously: the calls that failed with the connection are settled first.
      timer = setTimeout(connect, wasStable ? 0 : backoffMs(failures));
      changed();
    };
    session = openSession(address, { ...options, events: { health, retired } });
  };
  const stop = (how: "close" | "destroy") => {
    isClosed = true;
    clearTimeout(timer);
    availability[Symbol.dispose]();
    session?.[how]();
  };
  return {
    address,
    calls: 0,
    get session() {
      return session;
    },
    get availability() {
      return isClosed ? "none" : availability.current();
    },
    isReady: () => isServing,
    isEjected: outlier.isEjected,
    connect() {
      if (!timer) connect();
    },
    report: outlier.report,
    close: () => stop("close"),
    destroy: () => stop("destroy"),
  };
}

function createAvailability({ reconnectMs, restartMs }: UpstreamLimits, changed: () => void) {
  let current: Availability = "soon";
  let timer: NodeJS.Timeout | undefined;
  const after = (delayMs: number, next: Availability, then: () => void = () => undefined) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      current = next;
      changed();
      then();
    }, delayMs);
  };
  return {
    current: () => current,
    markLost() {
      current = "soon";
      after(reconnectMs, "later", () => after(restartMs - reconnectMs, "none"));
    },
    markFailed() {
      // An upstream that was never connected is not restarting.
      if (!timer) current = "none";
      else if (current === "soon") current = "later";
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** Ejects an address for a while after consecutive failures. */
function createOutlier({ failuresMax, ejectionMs }: UpstreamLimits) {
  let failures = 0;
  let ejections = 0;
  let untilMs = 0;
  return {
    isEjected: () => untilMs > 0 && Date.now() < untilMs,
    report(failed: boolean, mayEject: boolean) {
      if (!failed) {
        failures = 0;
        return;
      }
      failures += 1;
      if (failures < failuresMax || !mayEject) return;
      failures = 0;
      ejections = Math.min(ejections + 1, ejectionsMax);
      untilMs = Date.now() + ejectionMs * ejections;
    },
  };
}
