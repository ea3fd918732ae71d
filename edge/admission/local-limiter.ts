import { isOpen } from "./limit.ts";
import { type Limiter, verdictOf } from "./limiter.ts";
import { createTable } from "./table.ts";

const holder = "";

/** Counts what this process alone is asked. */
export function createLocalLimiter(table = createTable()): Limiter {
  const give = (key: string) => table.add(holder, key, -1);
  return {
    take(turn) {
      const standings = table.take(holder, turn);
      return verdictOf(turn, standings, standings.every(isOpen), give);
    },
    charge: table.charge,
    async [Symbol.asyncDispose]() {},
  };
}
