import { isGranted } from "./limit.ts";
import { createLimitTable } from "./limit-table.ts";
import { type Limiter, toAcquisition } from "./limiter.ts";

const holder = "";

/** Counts the calls of this process alone. */
export function createLocalLimiter(table = createLimitTable()): Limiter {
  const releaseOne = (key: string) => table.addPermits(holder, key, -1);
  return {
    acquire(requests) {
      const states = table.acquire(holder, requests);
      return toAcquisition(requests, states, states.every(isGranted), releaseOne);
    },
    charge: table.charge,
    async [Symbol.asyncDispose]() {},
  };
}
