import { type Address, type Dial, isName, parseTarget, resolve } from "./address.ts";
import { createEndpoint, type Endpoint } from "./endpoint.ts";
import type { UpstreamLimits } from "./limits.ts";

/** The addresses of an upstream. */
export type Pool = Disposable & {
  /** Of two random addresses that are ready, the one with fewer calls. Not `other`, if there is a choice. */
  pick(other?: Endpoint): Endpoint | undefined;
  /**
   * Waits until an address is ready. A patient call also waits while the upstream restarts. `settled` is called at most once,
   * asynchronously. Returns a function that stops waiting.
   */
  wait(
    options: { isPatient: boolean; timeoutMs: number | undefined },
    settled: (found: Endpoint | NoEndpoint) => void,
  ): () => void;
  /** Number of calls that wait. */
  waiting(): number;
  /** Records the outcome of an attempt for outlier detection. */
  report(endpoint: Endpoint, failed: boolean): void;
};

/** No address can be reached, or too many calls wait for one. */
type NoEndpoint = "unreachable" | "overloaded";

type Waiter = { readonly isPatient: boolean; settle(found: Endpoint | NoEndpoint): void };

/** Connects to all addresses of a target when the first call needs one. */
export function createPool(target: string, options: { dial: Dial; limits: UpstreamLimits }): Pool {
  const { limits } = options;
  const waiters = new Set<Waiter>();
  const changed = () => {
    for (const waiter of waiters) {
      const endpoint = pick(endpoints());
      if (endpoint || !mayBecomeReady(waiter.isPatient)) waiter.settle(endpoint ?? "unreachable");
    }
  };
  const directory = createDirectory(target, { ...options, changed });
  const { endpoints } = directory;
  const mayBecomeReady = (isPatient: boolean) =>
    !directory.isResolved() ||
    endpoints().some(
      ({ availability }) => availability === "soon" || (isPatient && availability === "later"),
    );
  return {
    pick(other) {
      directory.begin();
      return pick(endpoints(), other);
    },
    wait({ isPatient, timeoutMs = limits.connectMs + limits.restartMs }, settled) {
      const leave = () => {
        clearTimeout(timer);
        waiters.delete(waiter);
      };
      const waiter: Waiter = {
        isPatient,
        settle(found) {
          leave();
          queueMicrotask(() => settled(found));
        },
      };
      const timer = setTimeout(() => waiter.settle("unreachable"), timeoutMs);
      if (!mayBecomeReady(isPatient)) waiter.settle("unreachable");
      else if (waiters.size >= limits.waitingMax) waiter.settle("overloaded");
      else waiters.add(waiter);
      return leave;
    },
    waiting: () => waiters.size,
    report(endpoint, failed) {
      const all = endpoints();
      const left = all.filter((one) => one !== endpoint && !one.isEjected()).length;
      // At least half of the addresses stay in use: fewer would fail under the load of all.
      endpoint.report(failed, left * 2 >= all.length);
    },
    [Symbol.dispose]() {
      directory[Symbol.dispose]();
      for (const waiter of waiters) waiter.settle("unreachable");
    },
  };
}

function pick(endpoints: readonly Endpoint[], other?: Endpoint): Endpoint | undefined {
  const [first] = endpoints;
  if (endpoints.length === 1) return first?.isReady() ? first : undefined;
  const ready = endpoints.filter((endpoint) => endpoint.isReady());
  const healthy = ready.filter((endpoint) => !endpoint.isEjected());
  const others = healthy.filter((endpoint) => endpoint !== other);
  const [choice = []] = [others, healthy, ready].filter(({ length }) => length > 0);
  const at = Math.floor(Math.random() * choice.length);
  const one = choice[at];
  const two = choice[(at + 1 + Math.floor(Math.random() * (choice.length - 1))) % choice.length];
  return one && two && two.calls < one.calls ? two : one;
}

/** The addresses of a target. Host names are looked up periodically. */
function createDirectory(
  target: string,
  options: { dial: Dial; limits: UpstreamLimits; changed: () => void },
) {
  const parsed = parseTarget(target);
  let endpoints: Endpoint[] = [];
  let timer: NodeJS.Timeout | undefined;
  let state: "idle" | "resolving" | "resolved" | "closed" = "idle";
  const take = (addresses: readonly Address[]) => {
    const before = new Map(endpoints.map((endpoint) => [endpoint.address.name, endpoint]));
    endpoints = addresses.map((address) => before.get(address.name) ?? createEndpoint(address, options));
    for (const endpoint of before.values()) if (!endpoints.includes(endpoint)) endpoint.close();
    for (const endpoint of endpoints) endpoint.connect();
    state = "resolved";
  };
  const lookUp = async () => {
    const found = (await Promise.all(parsed.map(resolve))).flat();
    if (state === "closed") return;
    // A failed lookup removes no address.
    if (found.length > 0 || state === "resolving") take(found);
    timer = setTimeout(
      lookUp,
      found.length > 0 ? options.limits.resolveMs : options.limits.connectMs,
    ).unref();
    options.changed();
  };
  return {
    endpoints: () => endpoints,
    isResolved: () => state === "resolved" || state === "closed",
    begin() {
      if (state !== "idle") return;
      state = "resolving";
      if (parsed.some(isName)) void lookUp();
      else take(parsed);
    },
    [Symbol.dispose]() {
      state = "closed";
      clearTimeout(timer);
      for (const endpoint of endpoints) endpoint.destroy();
    },
  };
}
