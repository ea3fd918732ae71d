import { isMeasuring } from "./metrics.ts";
import { type EndStatement, observeStatement } from "./observe-statement.ts";
import { addPool } from "./pool-metrics.ts";

/** Tells of what is done with one service's connections to its database. */
export type PoolObserver = Disposable & {
  /** Begins a statement; what it answers, if anything, ends it. */
  statement(text: string, inTransaction: boolean): EndStatement | undefined;
  /** Begins a transaction, which has a connection of its own. */
  transaction(): (() => void) | undefined;
};

/** The driver says nothing of its pool, so what is under way is counted here, and what is more than it has waits. */
export function observePool(service: string, connectionsMax: number): PoolObserver {
  let wanted = 0;
  const pool = addPool({ service, pool: "service" }, () => ({
    max: connectionsMax,
    used: Math.min(wanted, connectionsMax),
    waiting: Math.max(0, wanted - connectionsMax),
  }));
  const want = (): (() => void) => {
    wanted += 1;
    return () => {
      wanted -= 1;
    };
  };
  return {
    statement(text, inTransaction) {
      const endSpan = observeStatement(service, text);
      const release = isMeasuring() && !inTransaction ? want() : undefined;
      if (!endSpan && !release) return undefined;
      return (error) => {
        endSpan?.(error);
        release?.();
      };
    },
    transaction: () => (isMeasuring() ? want() : undefined),
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}
