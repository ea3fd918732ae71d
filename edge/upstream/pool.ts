import { type Address, type Dial, isName, parseTarget, resolve } from "./address.ts";
import { createEndpoint, type Endpoint } from "./endpoint.ts";
import type { UpstreamLimits } from "./limits.ts";

/** The addresses of an upstream. */
export type Pool = Disposable & {
  /** An address that takes calls now: of two at random the one with less to do. Another than `other`, if there is one. */
  pick(other?: Endpoint): Endpoint | undefined;
  /**
   * Waits for one, if there is hope and room; who is patient waits for an upstream that is being started again. `settled`
   * comes once, in a turn of its own. Answers how to give up the place.
   */
  wait(
    options: { isPatient: boolean; timeoutMs: number | undefined },
    settled: (found: Endpoint | NoEndpoint) => void,
  ): () => void;
  /** How many calls wait for one now. */
  waiting(): number;
  /** Takes note of how a call ended. */
  report(endpoint: Endpoint, failed: boolean): void;
};

/** Why a call gets no address: none can be reached, or too many calls wait for one. */
type NoEndpoint = "unreachable" | "overloaded";

type Waiter = { readonly isPatient: boolean; settle(found: Endpoint | NoEndpoint): void };

/** Reaches all addresses of a target; they are connected to when first needed. */
export function createPool(target: string, options: { dial: Dial; limits: UpstreamLimits }): Pool {
  const { limits } = options;
  const waiters = new Set<Waiter>();
  const changed = () => {
    for (const waiter of waiters) {
      const endpoint = pick(endpoints());
      if (endpoint || !hasHope(waiter.isPatient)) waiter.settle(endpoint ?? "unreachable");
    }
  };
  const directory = createDirectory(target, { ...options, changed });
  const { endpoints } = directory;
  const hasHope = (isPatient: boolean) =>
    !directory.isResolved() ||
    endpoints().some(({ hope }) => hope === "soon" || (isPatient && hope === "later"));
  return {
    pick(other) {
      directory.begin();
      return pick(endpoints(), other);
    },
    wait({ isPatient, timeoutMs = limits.connectMs + limits.restartMs }, settled) {
      const leave = () => {
        clearTimeout(late);
        waiters.delete(waiter);
      };
      const waiter: Waiter = {
        isPatient,
        settle(found) {
          leave();
          queueMicrotask(() => settled(found));
        },
      };
      const late = setTimeout(() => waiter.settle("unreachable"), timeoutMs);
      if (!hasHope(isPatient)) waiter.settle("unreachable");
      else if (waiters.size >= limits.waitingMax) waiter.settle("overloaded");
      else waiters.add(waiter);
      return leave;
    },
    waiting: () => waiters.size,
    report(endpoint, failed) {
      const all = endpoints();
      const left = all.filter((one) => one !== endpoint && !one.isEjected()).length;
      // Half of them stay, however they fail: too few would break under the load of all.
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
  const sound = ready.filter((endpoint) => !endpoint.isEjected());
  const others = sound.filter((endpoint) => endpoint !== other);
  const [choice = []] = [others, sound, ready].filter(({ length }) => length > 0);
  const at = Math.floor(Math.random() * choice.length);
  const one = choice[at];
  const two = choice[(at + 1 + Math.floor(Math.random() * (choice.length - 1))) % choice.length];
  return one && two && two.calls < one.calls ? two : one;
}

/** Knows which addresses there are; those behind a name are looked up again and again. */
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
    // A name server that fails takes nobody away.
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
