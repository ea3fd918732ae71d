import type { Exchange, ReadBudget } from "../http/exchange.ts";
import type { LimitName, LimitRequest, ReadLimits } from "./limit.ts";
import type { Limiter } from "./limiter.ts";

/** Smallest cost of a read, in bytes: the edge's work for a smaller one is the same. */
export const readBytesMin = 64 * 1024;
/** Longest pause of a read that waits for tokens, in milliseconds. */
const pauseMsMax = 1_000;
/** Requests of tokens need no permit: each read holds one under a separate key. */
const unlimited = 1_000_000_000;

/** The holder of a budget of bytes. */
export type ReadOwner = { readonly name: LimitName; readonly key: string };

/** Requests tokens and no permit. */
export const bytesRequest = (limits: ReadLimits, { name, key }: ReadOwner, bytes: number): LimitRequest => {
  const { tokens, refillMs } = limits[name];
  const cost = Math.min(bytes, tokens);
  return { tokens, refillMs, callsMax: unlimited, name: `${name}-reads`, key: `${name}-reads:${key}`, cost };
};

/** Requests the permit of a read and no tokens. */
export const permitRequest = (limits: ReadLimits, { name, key }: ReadOwner): LimitRequest => {
  const { tokens, refillMs, callsMax } = limits[name];
  return { tokens, refillMs, callsMax, name: `${name}-reads`, key: `${name}-reading:${key}`, cost: 0 };
};

/** The budget of an admitted read, which has paid for `readBytesMin` bytes. */
export function createReadBudget(
  { limiter, limits }: { limiter: Limiter; limits: ReadLimits },
  exchange: Pick<Exchange, "onClosed">,
  initialOwners: readonly ReadOwner[],
): ReadBudget {
  const owners = [...initialOwners];
  let owedBytes = -readBytesMin;
  let isClosed = false;
  let wake = () => {};
  exchange.onClosed(() => {
    isClosed = true;
    wake();
  });
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(Math.max(ms, 1), pauseMsMax));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const pay = async () => {
    let bytesMax = Number.POSITIVE_INFINITY;
    while (owedBytes > 0 && !isClosed) {
      // More tokens than a bucket's capacity are never granted at once.
      const bytes = Math.min(owedBytes, bytesMax, ...owners.map(({ name }) => limits[name].tokens));
      const { states, release } = await limiter.acquire(
        owners.map((owner) => bytesRequest(limits, owner, bytes)),
      );
      release?.();
      if (release) owedBytes -= bytes;
      else {
        // Concurrent small reads would starve a large request: it is halved until it is as small as theirs.
        bytesMax = Math.max(readBytesMin, bytes / 2);
        await pause(Math.max(...states.map(({ waitMs }) => waitMs)));
      }
    }
  };
  return {
    spend(bytes) {
      owedBytes += bytes;
      return owedBytes > 0 ? pay() : undefined;
    },
    countFor(orgId) {
      if (!owners.some(({ name }) => name === "org")) owners.push({ name: "org", key: orgId });
    },
  };
}
