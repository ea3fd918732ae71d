import type { Address, Dial } from "./address.ts";
import { backoffMs } from "./backoff.ts";
import type { UpstreamLimits } from "./limits.ts";
import { openSession, type Session } from "./session.ts";

/** A connection that lived this long was a good one, in milliseconds. */
const soundMs = 1_000;
const ejectionsMax = 6;

/** What a call may hope for where there is no connection: one soon, one when the upstream was started again, or none. */
type Hope = "soon" | "later" | "none";

/** One address of an upstream, with what is known of it. */
export type Endpoint = {
  readonly address: Address;
  /** Calls under way. */
  calls: number;
  readonly session: Session | undefined;
  readonly hope: Hope;
  /** Whether calls may go there now, as far as its connection and its own word go. */
  isReady(): boolean;
  /** Whether it failed too often of late to be used while there are others. */
  isEjected(): boolean;
  /** Connects, unless that is done or under way. */
  connect(): void;
  /** Takes note of how a call ended that the address is to blame or to praise for. */
  report(failed: boolean, mayEject: boolean): void;
  /** No new calls. Those that run may end. */
  close(): void;
  destroy(): void;
};

/** Looks after the connection to an address: makes it when first asked to, and again whenever it is lost. */
export function createEndpoint(
  address: Address,
  options: { dial: Dial; limits: UpstreamLimits; changed: () => void },
): Endpoint {
  const { limits, changed } = options;
  const outlier = createOutlier(limits);
  const hope = createHope(limits, changed);
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
      if (!serving && !isClosed) hope.lost();
      isServing = serving;
      changed();
    };
    const gone = () => {
      session = undefined;
      isServing = false;
      // Whoever has closed it waits for no other, and a process that ends not for the wait.
      if (isClosed) return;
      const wasSound = readyAtMs !== undefined && Date.now() - readyAtMs > soundMs;
      failures = wasSound ? 0 : failures + 1;
      if (readyAtMs !== undefined) hope.lost();
      else hope.failed();
      // In a turn of its own: what broke off with the connection comes first.
      timer = setTimeout(connect, wasSound ? 0 : backoffMs(failures));
      changed();
    };
    session = openSession(address, { ...options, events: { health, gone } });
  };
  const stop = (how: "close" | "destroy") => {
    isClosed = true;
    clearTimeout(timer);
    hope[Symbol.dispose]();
    session?.[how]();
  };
  return {
    address,
    calls: 0,
    get session() {
      return session;
    },
    get hope() {
      return isClosed ? "none" : hope.now();
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

function createHope({ reconnectMs, restartMs }: UpstreamLimits, changed: () => void) {
  let hope: Hope = "soon";
  let timer: NodeJS.Timeout | undefined;
  const after = (delayMs: number, next: Hope, then: () => void = () => undefined) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      hope = next;
      changed();
      then();
    }, delayMs);
  };
  return {
    now: () => hope,
    lost() {
      hope = "soon";
      after(reconnectMs, "later", () => after(restartMs - reconnectMs, "none"));
    },
    failed() {
      // Whoever was never there is not being started again.
      if (!timer) hope = "none";
      else if (hope === "soon") hope = "later";
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** Leaves an address out for a while that fails time after time. */
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
