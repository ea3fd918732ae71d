import type { Exchange, ReadBudget } from "../http/exchange.ts";
import type { Ask, LimitName, ReadLimits, Turn } from "./limit.ts";
import type { Limiter } from "./limiter.ts";

/** What a read takes at the least, in bytes: a small one costs the edge as much as one of this size. */
export const readBytesMin = 64 * 1024;
/** How long a read that waits for bytes pauses before it asks again, at the most, in milliseconds. */
const pauseMsMax = 1_000;
/** Nobody runs into it: places are asked for once a read, under a key of their own. */
const anyNumber = 1_000_000_000;

/** Whose budget it is. */
export type ReadOwner = { readonly name: LimitName; readonly key: string };

/** Asks for bytes alone. */
export const bytesAskOf = (limits: ReadLimits, { name, key }: ReadOwner, bytes: number): Ask => {
  const { tokens, refillMs } = limits[name];
  const cost = Math.min(bytes, tokens);
  return { tokens, refillMs, callsMax: anyNumber, name: `${name}-reads`, key: `${name}-reads:${key}`, cost };
};

/** Asks for a place among the reads on their way. */
export const placeAskOf = (limits: ReadLimits, { name, key }: ReadOwner): Ask => {
  const { tokens, refillMs, callsMax } = limits[name];
  return { tokens, refillMs, callsMax, name: `${name}-reads`, key: `${name}-reading:${key}`, cost: 0 };
};

/** The budget of a read that was let in, and has its first `readBytesMin` bytes. */
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
      // More than a bucket holds is never granted at once.
      const bytes = Math.min(owedBytes, bytesMax, ...owners.map(({ name }) => limits[name].tokens));
      const turn: Turn = owners.map((owner) => bytesAskOf(limits, owner, bytes));
      const { standings, giveBack } = await limiter.take(turn);
      giveBack?.();
      if (giveBack) owedBytes -= bytes;
      else {
        // Small reads would take whatever comes before there is enough for a large ask: so it gets as small as theirs.
        bytesMax = Math.max(readBytesMin, bytes / 2);
        await pause(Math.max(...standings.map(({ waitMs }) => waitMs)));
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
